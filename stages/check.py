"""Stage `check`: validate params.yaml before anything is computed or deleted, and look whether
local inputs changed.

Its outputs are the same bytes as long as the inputs are the same, so nothing runs after it in vain.
"""

from pathlib import Path

from _stage import run
from colorization.errors import ColorizationError
from colorization.files import whole_file
from colorization.fingerprints import fingerprint_source, fingerprint_weights
from colorization.params import ENCODER_OF, Params, load_params


def main(params: Path, memory: Path, source: Path, weights: Path, encoders: Path) -> None:
    settings = load_params(params)
    fingerprints = {
        source: fingerprint_source(settings.download.source, memory),
        weights: fingerprint_weights(settings.embed.weights, "embed.weights", memory),
    }
    for variant, encoder in ENCODER_OF.items():
        found = _fingerprint_encoder(settings, encoder, memory)
        fingerprints[encoders / f"{variant}.txt"] = found
    for out, fingerprint in fingerprints.items():
        with whole_file(out) as partial:
            partial.write_text(f"{fingerprint}\n", encoding="utf-8")


def _fingerprint_encoder(settings: Params, encoder: str, memory: Path) -> str:
    """Weights that only other variants need may be missing: their own training says so."""
    try:
        return fingerprint_weights(
            getattr(settings.encoders, encoder), f"encoders.{encoder}", memory
        )
    except ColorizationError:
        if encoder == ENCODER_OF.get(settings.model.variant):
            raise
        return "missing"


if __name__ == "__main__":
    run(main)
