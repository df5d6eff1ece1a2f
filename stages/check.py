"""Stage `check`: validate params.yaml before anything is computed or deleted, and look whether
local inputs changed.

Its outputs are the same bytes as long as the inputs are the same, so nothing runs after it in vain.
"""

from pathlib import Path

from _stage import run
from colorization.fingerprints import fingerprint_source, fingerprint_weights
from colorization.params import load_params


def main(params: Path, memory: Path, source: Path, weights: Path) -> None:
    settings = load_params(params)
    fingerprints = {
        source: fingerprint_source(settings.download.source, memory),
        weights: fingerprint_weights(settings.embed.weights, memory),
    }
    for out, fingerprint in fingerprints.items():
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(f"{fingerprint}\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
