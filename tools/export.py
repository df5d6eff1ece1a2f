"""Export the trained model of params.yaml's variant as a SavedModel; see `saved_model`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "stages"))

from _paths import MODELS, PARAMS
from _stage import run
from colorization.core.settings import Model, Study
from colorization.packaging.saved_model import export


def main() -> None:
    variant, seed = Model.load(PARAMS).variant, Study.load(PARAMS).seeds[0]
    out = MODELS / "exported"
    export(MODELS / f"{variant}-{seed}", PARAMS, out)
    print(f"wrote {out}")


if __name__ == "__main__":
    run(main, record=False)
