"""Make the released model, its card, and the figure of the README.

The model is the one that params.yaml names, packaged from its first seed; the card compares the
other seeds, which have to be evaluated:

    cp profiles/released.yaml params.yaml
    dvc repro package experiments/dvc.yaml:evaluate@efficientnet_unet-2
    python tools/release.py bsds500 profiles/released.md
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "stages"))

import numpy as np

from _paths import EVALUATIONS, LAB, LABELS, MODELS, PARAMS
from _stage import run, run_file
from colorization.colorizing.colorizer import load
from colorization.core.errors import ColorizationError
from colorization.core.provenance import Run
from colorization.core.settings import Params
from colorization.core.tables import read_table
from colorization.dataset import arrays
from colorization.labels.subsets import subsets
from colorization.packaging.manifest import RELEASED
from colorization.releasing import figure
from colorization.releasing.release import TrainedModel, release
from colorization.scoring.evaluation import Evaluation, read_evaluation

ROOT = Path(__file__).resolve().parent.parent
FIGURE, CAPTION = Path("docs/released.png"), Path("docs/released.txt")
LICENSES = ROOT / "LICENSES"


def main(photos: Path, notes: Path) -> None:
    params = Params.load(PARAMS)
    variant, seeds = params.model.variant, params.study.seeds
    min_chroma = params.evaluate.min_chroma
    test = arrays.read(LAB / "test")
    labeled = subsets(read_table(LABELS))
    evaluations = [evaluation(f"{variant}-{seed}", min_chroma) for seed in seeds]
    size = release(
        TrainedModel(
            package=MODELS / "chosen",
            model=MODELS / f"{variant}-{seeds[0]}",
            evaluations=evaluations,
            test=test,
            subsets=labeled,
            min_chroma=min_chroma,
            run=training_run(variant, seeds[0]),
        ),
        photos,
        notes,
        LICENSES,
        RELEASED,
    )
    first = evaluations[0]
    chosen = figure.choose(first.rows, labeled, min_chroma)
    colorizer = load(RELEASED)
    default = colorizer.vividness or 0.0  # `release` refuses a model without one
    figure.draw(colorizer, default, [np.array(test.rgb[index]) for index in chosen], FIGURE)
    caption = figure.caption(first.training, first.summary, default)
    CAPTION.write_text(f"{caption}\n", encoding="utf-8")
    print(f"wrote {RELEASED}, {size / 1e6:.1f} MB, {FIGURE} and {CAPTION}; now `make readme`")


def evaluation(name: str, min_chroma: float) -> Evaluation:
    """Read the evaluation of a training."""
    if not (EVALUATIONS / name / "metrics.json").is_file():
        raise ColorizationError(
            f"{EVALUATIONS / name}: no evaluation; "
            f"`dvc repro experiments/dvc.yaml:evaluate@{name}` makes one"
        )
    return read_evaluation(EVALUATIONS / name, min_chroma)


def training_run(variant: str, seed: int) -> Run:
    """Read when and where a training ran."""
    path = run_file("train", variant, seed)
    if not path.is_file():
        raise ColorizationError(f"{path}: missing; copy it from the machine that trained")
    return Run.read(path)


if __name__ == "__main__":
    run(main, record=False)
