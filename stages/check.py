"""Stage `check`: validate params.yaml and look whether local inputs changed.

It runs before anything is computed or deleted. Its outputs are the same bytes as long as the inputs
are the same, so no later stage runs in vain.
"""

import os
from pathlib import Path

from _stage import run
from colorization import architectures
from colorization.backbones.weights import Pretrained, fingerprint_weights
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder, atomic_write
from colorization.core.settings import NONE, load_params
from colorization.core.workspace import local_path
from colorization.sources.fingerprints import fingerprint_source


def main(
    params: Path, memory: Path, raw: Path, source: Path, weights: Path, encoders: Path
) -> None:
    settings = load_params(params, architectures.names())
    # realpath accepts a link that leads to itself; the fingerprint below reports it.
    if os.path.realpath(local_path(settings.download.source)) == os.path.realpath(
        local_path(str(raw))
    ):
        raise ColorizationError(
            f"download.source: {raw} is what `download` writes anew; give the archive another place"
        )
    chosen = settings.model.variant
    fingerprints = {
        source: fingerprint_source(settings.download.source, memory),
        weights: _fingerprint(
            settings.embed.weights,
            "embed.weights",
            memory,
            needed=chosen in settings.study.with_embedding,
        ),
    }
    seen_through = {
        variant: Pretrained(
            network=encoder,
            weights=NONE
            if encoder == NONE
            else _fingerprint(
                settings.encoders.weights(encoder),
                f"encoders.{encoder}",
                memory,
                needed=encoder == settings.study.encoders.get(chosen),
            ),
        )
        for variant, encoder in settings.study.encoders.items()
    }
    for out, fingerprint in fingerprints.items():
        with atomic_write(out) as partial:
            partial.write_text(f"{fingerprint}\n", encoding="utf-8")
    with atomic_folder(encoders) as folder:
        for variant, pretrained in seen_through.items():
            pretrained.write(folder / f"{variant}.json")


def _fingerprint(weights: str, parameter: str, memory: Path, *, needed: bool) -> str:
    """Give the fingerprint of weights, or "missing" where only other variants need them.

    The stage that needs missing weights raises the error.
    """
    try:
        return fingerprint_weights(weights, parameter, memory)
    except ColorizationError:
        if needed:
            raise
        return "missing"


if __name__ == "__main__":
    run(main)
