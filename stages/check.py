"""Stage `check`: validate params.yaml, and identify the photographs, labels and weights it names.

It runs first and always. As long as they are the same, so are the bytes of its outputs, and no
later stage runs again.
"""

import os

from _paths import ARCHIVE, HASH_CACHE, LABELS_SOURCE, PARAMS, SOURCE, WEIGHTS
from _stage import run
from colorization.backbones.weights import fingerprint_weights
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder, atomic_write
from colorization.core.model_records import Pretrained
from colorization.core.settings import NONE, Encoders, load_params
from colorization.core.workspace import local_path
from colorization.labels.reading import fingerprint_labels
from colorization.networks import catalog
from colorization.sources.fingerprints import fingerprint_source


def main() -> None:
    params = load_params(PARAMS, catalog.declared())
    # realpath accepts a circular link; the fingerprint below reports it.
    if os.path.realpath(local_path(params.download.source)) == os.path.realpath(
        local_path(str(ARCHIVE))
    ):
        raise ColorizationError(
            f"download.source: {ARCHIVE} is what `download` writes; give the archive another place"
        )
    identified = {
        SOURCE: fingerprint_source(params.download.source, HASH_CACHE),
        LABELS_SOURCE: fingerprint_labels(params.download.labels, HASH_CACHE),
    }
    chosen = params.variants[params.model.variant]
    weights = {
        "embed": Pretrained(
            network=params.embed.network,
            weights=_fingerprint(
                params.embed.weights, "embed.weights", needed=chosen.embedding != NONE
            ),
        ),
        NONE: Pretrained(network=NONE, weights=NONE),
    } | {
        encoder: Pretrained(
            network=encoder,
            weights=_fingerprint(
                params.encoders.weights(encoder),
                f"encoders.{encoder}",
                needed=chosen.encoder == encoder,
            ),
        )
        for encoder in Encoders.model_fields
    }
    for path, identity in identified.items():
        with atomic_write(path) as partial:
            partial.write_text(f"{identity}\n", encoding="utf-8")
    with atomic_folder(WEIGHTS) as folder:
        for name, pretrained in weights.items():
            pretrained.write(folder / f"{name}.json")


def _fingerprint(weights: str, parameter: str, *, needed: bool) -> str:
    """Identify weights; "missing" if they are missing and only other variants need them.

    The stage that needs missing weights raises the error.
    """
    try:
        return fingerprint_weights(weights, parameter, HASH_CACHE)
    except ColorizationError:
        if needed:
            raise
        return "missing"


if __name__ == "__main__":
    run(main)
