"""Make the model that comes with this program of models/chosen, and the figure of what it does.

python tools/release.py --photos bsds500 --notes profiles/released.md \
    --evaluation data/evaluations/mobilenet_unet-1
"""

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "stages"))

import numpy as np
from PIL import Image

from _stage import run
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.packaging.manifest import RELEASED
from colorization.releasing.release import release
from colorization.scoring.evaluation import read_evaluation
from colorization.scoring.vividness import DISPLAYED

FIGURE = Path("docs/released.png")
POSITIONS = (0.0, 0.5, 1.0)  # of the dial


def main(
    photos: Path, notes: Path, evaluation: Path, package: Path = Path("models/chosen")
) -> None:
    draw(evaluation, FIGURE)
    release(package, photos, notes, RELEASED)
    print(f"wrote {RELEASED} and {FIGURE}")


def draw(evaluation: Path, out: Path) -> None:
    """Draw every other shown photograph of a test split: gray, along the dial, and as it is."""
    found = read_evaluation(evaluation)
    if found.sweep is None:
        raise ColorizationError(f"{evaluation}: of a model without a dial; the figure shows one")
    shown, places = found.samples["evenly_spaced"].images, np.searchsorted(DISPLAYED, POSITIONS)
    rows = [shown["gray"], *found.sweep.images.swapaxes(0, 1)[places], shown["truth"]]
    write_rows([row[::2] for row in rows], out)


def write_rows(rows: Iterable[np.ndarray], out: Path) -> None:
    """Write rows of images, each (S, H, W, 3) uint8, as one PNG."""
    pixels = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    with atomic_write(out) as partial:
        Image.fromarray(pixels).save(partial, "PNG", optimize=True)


if __name__ == "__main__":
    run(main)
