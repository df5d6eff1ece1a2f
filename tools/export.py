"""Write the trained model of params.yaml's variant as a SavedModel; see `saved_model`.

python tools/export.py --params params.yaml --models models --out models/exported
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "stages"))

from _stage import run
from colorization.core.settings import Model, Study
from colorization.packaging.saved_model import export


def main(params: Path, models: Path, out: Path) -> None:
    variant = Model.load(params).variant
    export(models / f"{variant}-{Study.load(params).seeds[0]}", params, out)
    print(f"wrote {out}")


if __name__ == "__main__":
    run(main)
