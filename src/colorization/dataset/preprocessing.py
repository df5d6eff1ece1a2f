"""Converts the images of the raw archive to cached Lab arrays, part by part of the split."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.progress import progress_bar
from colorization.dataset import arrays
from colorization.dataset.cores import Postponed, on_all_cores
from colorization.dataset.parts import PARTS
from colorization.imaging import view
from colorization.settings.preprocess import Preprocess
from colorization.sources import archives

IMAGES_AT_A_TIME = 8  # in the memory of each process


def preprocess(archive: Path, split: pd.DataFrame, params: Preprocess, out: Path) -> None:
    """Write a folder of arrays for each part of the split, on all cores.

    Parameters
    ----------
    archive : Path
    split : DataFrame
        Returned by `split.split_archive`.
    params : Preprocess
    out : Path
        Must exist; gets a folder per part. The number of cores does not change its bytes.
    """
    for part in PARTS:
        names = split.loc[split["split"] == part, "name"].tolist()
        folder = out / part
        folder.mkdir()
        arrays.create(folder, names, params.image_size)
        batches = [
            (start, names[start : start + IMAGES_AT_A_TIME])
            for start in range(0, len(names), IMAGES_AT_A_TIME)
        ]
        with progress_bar(f"preprocessing {part}", len(names)) as bar:
            for _, count in on_all_cores(
                partial(_fill, folder, archive, params.image_size), batches
            ):
                bar.update(count)


def _fill(
    folder: Path, archive: Path, image_size: int, batch: tuple[int, list[str]], most_pixels: int
) -> int | Postponed:
    start, names = batch
    squares = []
    for name in names:
        try:
            content = archives.read_member(archive, name)
            pixels = view.pixels_to_decode(content, image_size)
            if pixels > most_pixels:
                return Postponed(pixels)
            squares.append(view.square(content, image_size))
        except ColorizationError as error:
            raise ColorizationError(f"{archive}: {name}: {error}") from error
    arrays.fill(folder, start, np.stack(squares))
    return len(names)
