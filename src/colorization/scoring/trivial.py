"""Scores of the trivial baselines: the test photographs in gray, and in one constant color.

They are computed once, so that all models are compared with the same figures.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.color.reference import Reference
from colorization.color.statistics import ColorStatistics
from colorization.core.progress import progress
from colorization.core.tables import read_table, write_table
from colorization.dataset.arrays import LabArrays
from colorization.scoring.one_image import score_colorizations
from colorization.scoring.summary import CONSTANT, GRAY

if TYPE_CHECKING:  # segmentation is not needed to read the scores
    from colorization.scoring.regions import FindSmallRegions

ROWS, SMALL_REGIONS = "test_images.csv", "small_regions.npy"


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
    """

    rows: pd.DataFrame
    colors: ColorStatistics
    small: np.ndarray


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
    rows, small = zip(*progress(scored, "scoring the baselines", len(names)), strict=True)
    return TrivialScores(pd.DataFrame(rows), colors, np.stack(small))


def _score(
    name: str, rgb: np.ndarray, colors: ColorStatistics, find_small: "FindSmallRegions"
) -> tuple[dict, np.ndarray]:
    small = find_small(name, rgb)
    reference = Reference(rgb, colors, small)
    row = {"name": name, **reference.facts()}
    ab = [np.zeros(2, np.float32), colors.mean_ab.astype(np.float32)]
    images = [np.broadcast_to(color, reference.ab.shape) for color in ab]
    scores = score_colorizations(reference, images)
    for baseline, by_key in zip((GRAY, CONSTANT), scores, strict=True):
        row |= {f"{baseline}_{key}": value for key, value in by_key.items()}
    return row, small


def write_trivial(trivial: TrivialScores, folder: Path) -> None:
    """Write test_images.csv and small_regions.npy."""
    write_table(trivial.rows, folder / ROWS)
    np.save(folder / SMALL_REGIONS, trivial.small)


def read_trivial(folder: Path, colors: ColorStatistics) -> TrivialScores:
    """Read the files of `write_trivial`, with the same `colors`; the masks are memory-mapped."""
    small = np.load(folder / SMALL_REGIONS, mmap_mode="r", allow_pickle=False)
    return TrivialScores(read_table(folder / ROWS), colors, small)
