"""What test photographs score in no colours, and in one colour for all: what a model must beat.

Every evaluation compares with the same figures, computed once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.core.progress import progress
from colorization.dataset.arrays import LabArrays
from colorization.dataset.colours import Colours
from colorization.dataset.tables import read_table, write_table
from colorization.scoring.metrics import score
from colorization.scoring.reference import Colorized, Reference
from colorization.scoring.summary import GREY, MEAN_AB

if TYPE_CHECKING:  # an evaluation reads floors, and does not depend on how small parts are found
    from colorization.scoring.regions import FindSmallParts


@dataclass(frozen=True)
class Floors:
    """The floors on one set of photographs, and what a model is compared by.

    Attributes
    ----------
    rows : DataFrame
        A row per image: its "name", what is known of it whatever colorizes it, and each metric of
        each floor under "floor_metric".
    colours : Colours
        Of the training images.
    small : (N, H, W) bool array
        Where each image's small parts are.
    """

    rows: pd.DataFrame
    colours: Colours
    small: np.ndarray


def score_floors(images: LabArrays, colours: Colours, find_small: "FindSmallParts") -> Floors:
    """Score grey and the mean colour on all images, on all cores.

    Parameters
    ----------
    images : LabArrays
    colours : Colours
        Of the training images: the mean colour is theirs.
    find_small : callable
        See `regions.finder`.
    """
    names = images.names
    scored = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_score)(name, np.array(rgb), colours, find_small)
        for name, rgb in zip(names, images.rgb, strict=True)
    )
    rows, small = zip(*progress(scored, "scoring the floors", len(names)), strict=True)
    return Floors(pd.DataFrame(rows), colours, np.stack(small))


def _score(
    name: str, rgb: np.ndarray, colours: Colours, find_small: "FindSmallParts"
) -> tuple[dict, np.ndarray]:
    small = find_small(name, rgb)
    reference = Reference.prepare(rgb, colours, small)
    row = {"name": name, **reference.facts()}
    for floor, ab in ((GREY, np.zeros(2)), (MEAN_AB, colours.mean_ab)):
        everywhere = np.broadcast_to(ab.astype(np.float32), reference.ab.shape)
        scored = score(Colorized(reference, everywhere))
        row |= {f"{floor}_{metric}": value for metric, value in scored.items()}
    return row, small


def write_floors(floors: Floors, folder: Path) -> None:
    """Write test_images.csv and small_parts.npy."""
    write_table(floors.rows, folder / "test_images.csv")
    np.save(folder / "small_parts.npy", floors.small)


def read_floors(folder: Path, colours: Colours) -> Floors:
    """Read what `write_floors` wrote of floors in these colours; small parts stay memory-mapped."""
    return Floors(
        read_table(folder / "test_images.csv"),
        colours,
        np.load(folder / "small_parts.npy", mmap_mode="r", allow_pickle=False),
    )
