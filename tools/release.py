"""Make the model that comes with this program of models/chosen; see `release`.

python tools/release.py --photos bsds500 --notes profiles/released.md
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "stages"))

from _stage import run
from colorization.colorizing.manifest import RELEASED
from colorization.packaging.release import release


def main(photos: Path, notes: Path, package: Path = Path("models/chosen")) -> None:
    release(package, photos, notes, RELEASED)
    print(f"wrote {RELEASED}")


if __name__ == "__main__":
    run(main)
