"""Scores of the trivial baselines: the test photographs in gray, and in one constant color.

They are computed once, so that all models are compared with the same figures.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.color.statistics import ColorStatistics
from colorization.core.progress import progress
from colorization.core.tables import read_table, write_table
from colorization.dataset.arrays import LabArrays
from colorization.scoring.one_image import score_colorizations
from colorization.scoring.predictions import TRUTH, reduced_ab
from colorization.scoring.reference import Reference
from colorization.scoring.summary import CONSTANT, GRAY

if TYPE_CHECKING:  # segmentation is not needed to read the scores
    from colorization.scoring.regions import FindSmallRegions

ROWS, SMALL_REGIONS = "test_images.csv", "small_regions.npy"
VALIDATION = "validation.json"


@dataclass(frozen=True)
class TrivialScores:
    """Scores of the trivial baselines, and the data needed to score a model in the same way.

    Attributes
    ----------
    rows : DataFrame
        A row per image: "name", the columns of `Reference.facts`, and each metric of each baseline
        as "BASELINE_METRIC".
    colors : ColorStatistics
        Colors of the training images.
    small : (N, H, W) bool array
        Masks of the small regions.
    truth : (N, 16, 16, 2) float16 array
        The true colors, as `Predictions.ab` has the predicted ones.
    """

    rows: pd.DataFrame
    colors: ColorStatistics
    small: np.ndarray
    truth: np.ndarray


def score_trivial(
    images: LabArrays, colors: ColorStatistics, find_small: "FindSmallRegions"
) -> TrivialScores:
    """Score both baselines on all images, in parallel.

    Parameters
    ----------
    images : LabArrays
    colors : ColorStatistics
        Colors of the training images; their mean is the constant color.
    find_small : callable
        See `regions.finder`.
    """
    names = images.names
    scored = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_score)(name, np.array(rgb), colors, find_small)
        for name, rgb in zip(names, images.rgb, strict=True)
    )
    rows, small, truth = zip(*progress(scored, "scoring the baselines", len(names)), strict=True)
    return TrivialScores(pd.DataFrame(rows), colors, np.stack(small), np.stack(truth))


def _score(
    name: str, rgb: np.ndarray, colors: ColorStatistics, find_small: "FindSmallRegions"
) -> tuple[dict, np.ndarray, np.ndarray]:
    small = find_small(name, rgb)
    reference = Reference(rgb, colors, small)
    row = {"name": name, **reference.facts()}
    ab = [np.zeros(2, np.float32), colors.mean_ab.astype(np.float32)]
    images = [np.broadcast_to(color, reference.ab.shape) for color in ab]
    scores = score_colorizations(reference, images)
    for baseline, by_key in zip((GRAY, CONSTANT), scores, strict=True):
        row |= {f"{baseline}_{key}": value for key, value in by_key.items()}
    return row, small, reduced_ab(reference.ab)


def write_trivial(trivial: TrivialScores, folder: Path) -> None:
    """Write test_images.csv, small_regions.npy and truth.npy."""
    write_table(trivial.rows, folder / ROWS)
    np.save(folder / SMALL_REGIONS, trivial.small)
    np.save(folder / TRUTH, trivial.truth)


def read_trivial(folder: Path, colors: ColorStatistics) -> TrivialScores:
    """Read the files of `write_trivial`, with the same `colors`; arrays are memory-mapped."""
    small, truth = (
        np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in (SMALL_REGIONS, TRUTH)
    )
    return TrivialScores(read_table(folder / ROWS), colors, small, truth)


def validation_mse(images: LabArrays, colors: ColorStatistics) -> dict[str, float]:
    """The MSE of ab of each baseline, as trainings compute theirs: over all of the cached arrays.

    Parameters
    ----------
    images : LabArrays
        The validation images.
    colors : ColorStatistics
        As for `score_trivial`.
    """
    constants = {GRAY: np.zeros(2, np.float32), CONSTANT: colors.mean_ab}
    errors = {
        name: [np.mean((ab.astype(np.float32) - color) ** 2, dtype=np.float64) for ab in images.ab]
        for name, color in constants.items()
    }
    return {name: float(np.mean(values)) for name, values in errors.items()}
