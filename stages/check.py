"""Stage `check`: validate params.yaml before anything is computed or deleted, and look whether
local inputs changed.

Its outputs are the same bytes as long as the inputs are the same, so nothing runs after it in vain.
"""

from pathlib import Path

from _stage import run
from colorization.core.errors import ColorizationError
from colorization.core.files import whole_file
from colorization.params import ENCODER_OF, load_params
from colorization.sources.fingerprints import fingerprint_source, fingerprint_weights


def main(
    params: Path, memory: Path, raw: Path, source: Path, weights: Path, encoders: Path
) -> None:
    settings = load_params(params)
    if Path(settings.download.source).resolve() == raw.resolve():
        raise ColorizationError(
            f"download.source: {raw} is what `download` writes anew; give the archive another place"
        )
    chosen = ENCODER_OF.get(settings.model.variant)
    fingerprints = {
        source: fingerprint_source(settings.download.source, memory),
        weights: _fingerprint(settings.embed.weights, "embed.weights", memory, chosen is None),
    }
    for variant, encoder in ENCODER_OF.items():
        named = getattr(settings.encoders, encoder)
        fingerprints[encoders / f"{variant}.txt"] = _fingerprint(
            named, f"encoders.{encoder}", memory, encoder == chosen
        )
    for out, fingerprint in fingerprints.items():
        with whole_file(out) as partial:
            partial.write_text(f"{fingerprint}\n", encoding="utf-8")


def _fingerprint(weights: str, parameter: str, memory: Path, needed: bool) -> str:
    """What only other variants need may be missing: the stage that needs it says so."""
    try:
        return fingerprint_weights(weights, parameter, memory)
    except ColorizationError:
        if needed:
            raise
        return "missing"


if __name__ == "__main__":
    run(main)
