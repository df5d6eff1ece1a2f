"""From the raw archive and its split to cached Lab arrays."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization import archives, arrays, images
from colorization.params import Preprocess
from colorization.parts import PARTS
from colorization.progress import progress


def preprocess(archive: Path, split: pd.DataFrame, params: Preprocess, out: Path) -> None:
    """Write a folder of arrays for each part of the split.

    Parameters
    ----------
    archive : Path
    split : DataFrame
        As `split.split_archive` returns it.
    params : Preprocess
    out : Path
        Gets a folder per part.
    """
    for part in PARTS:
        names = split.loc[split["split"] == part, "name"].tolist()
        folder = out / part
        folder.mkdir(parents=True)
        squares = _squares(archive, names, params.image_size)
        arrays.write(folder, names, progress(squares, f"preprocessing {part}", len(names)))


def _squares(archive: Path, names: list[str], image_size: int) -> Iterator[np.ndarray]:
    """Decode on all cores, in order; only a few images are in memory at any time."""
    contents = archives.read_members(archive, names)
    yield from Parallel(n_jobs=-1, return_as="generator")(
        delayed(_square)(content, image_size) for content in contents
    )


def _square(content: bytes, image_size: int) -> np.ndarray:
    return images.to_square(images.to_srgb(images.open_image(content)), image_size)
