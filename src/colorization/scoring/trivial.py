"""Score the test photographs in gray and in one mean color: the trivial that a model must beat.

They are computed once, so that every evaluation compares with the same figures.
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
from colorization.scoring.metrics import score
from colorization.scoring.reference import Colorized, Reference
from colorization.scoring.summary import CONSTANT, GRAY

if TYPE_CHECKING:  # to read trivial, nobody needs the code that finds small parts
    from colorization.scoring.regions import FindSmallRegions


@dataclass(frozen=True)
class TrivialScores:
    """The trivial' scores on one set of photographs, and the data that score a model alike.

    Attributes
    ----------
    rows : DataFrame
        A row per image: its "name", its facts as of `Reference.facts`, and each metric of each
        floor under "floor_metric".
    colors : ColorStatistics
        The colors of the training images.
    small : (N, H, W) bool array
        True on each image's small parts.
    """

    rows: pd.DataFrame
    colors: ColorStatistics
    small: np.ndarray


def score_trivial(
    images: LabArrays, colors: ColorStatistics, find_small: "FindSmallRegions"
) -> TrivialScores:
    """Score gray and the mean color on all images, on all cores.

    Parameters
    ----------
    images : LabArrays
    colors : ColorStatistics
        The colors of the training images, whose mean color is a floor.
    find_small : callable
        See `regions.finder`.
    """
    names = images.names
    scored = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_score)(name, np.array(rgb), colors, find_small)
        for name, rgb in zip(names, images.rgb, strict=True)
    )
    rows, small = zip(*progress(scored, "scoring the trivial", len(names)), strict=True)
    return TrivialScores(pd.DataFrame(rows), colors, np.stack(small))


def _score(
    name: str, rgb: np.ndarray, colors: ColorStatistics, find_small: "FindSmallRegions"
) -> tuple[dict, np.ndarray]:
    small = find_small(name, rgb)
    reference = Reference.prepare(rgb, colors, small)
    row = {"name": name, **reference.facts()}
    for floor, ab in ((GRAY, np.zeros(2)), (CONSTANT, colors.mean_ab)):
        everywhere = np.broadcast_to(ab.astype(np.float32), reference.ab.shape)
        scored = score(Colorized(reference, everywhere))
        row |= {f"{floor}_{metric}": value for metric, value in scored.items()}
    return row, small


def write_trivial(trivial: TrivialScores, folder: Path) -> None:
    """Write test_images.csv and small_regions.npy."""
    write_table(trivial.rows, folder / "test_images.csv")
    np.save(folder / "small_regions.npy", trivial.small)


def read_trivial(folder: Path, colors: ColorStatistics) -> TrivialScores:
    """Read the files of `write_trivial`, with the same `colors`; map small parts into memory."""
    return TrivialScores(
        read_table(folder / "test_images.csv"),
        colors,
        np.load(folder / "small_regions.npy", mmap_mode="r", allow_pickle=False),
    )
