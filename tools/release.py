"""Make the released model from models/chosen, and a figure of its results.

python tools/release.py bsds500 profiles/released.md data/evaluations/mobilenet_unet-1
"""

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "stages"))

import numpy as np
from PIL import Image

from _paths import MODELS, PARAMS
from _stage import run
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.core.settings import Evaluate
from colorization.packaging.manifest import RELEASED
from colorization.releasing.release import release
from colorization.scoring.evaluation import read_evaluation
from colorization.scoring.vividness import DISPLAYED

FIGURE = Path("docs/released.png")
FIGURE_VIVIDNESS = (0.0, 0.5, 1.0)


def main(photos: Path, notes: Path, evaluation: Path) -> None:
    draw(evaluation, FIGURE)
    release(MODELS / "chosen", photos, notes, RELEASED)
    print(f"wrote {RELEASED} and {FIGURE}")


def draw(evaluation: Path, out: Path) -> None:
    """Draw every other test sample: gray, at several vividness, and the original."""
    if not (evaluation / "metrics.json").is_file():
        raise ColorizationError(f"{evaluation}: no evaluation; `dvc repro package` makes one")
    scores = read_evaluation(evaluation, Evaluate.load(PARAMS).min_chroma)
    if scores.sweep is None:
        raise ColorizationError(f"{evaluation}: the model has no adjustable vividness")
    samples = scores.samples["evenly_spaced"].images
    indices = np.searchsorted(DISPLAYED, FIGURE_VIVIDNESS)
    rows = [samples["gray"], *scores.sweep.images.swapaxes(0, 1)[indices], samples["truth"]]
    write_rows([row[::2] for row in rows], out)


def write_rows(rows: Iterable[np.ndarray], out: Path) -> None:
    """Write rows of images, each (S, H, W, 3) uint8, as one PNG."""
    pixels = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    with atomic_write(out) as partial:
        Image.fromarray(pixels).save(partial, "PNG", optimize=True)


if __name__ == "__main__":
    run(main, record=False)
