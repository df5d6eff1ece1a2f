"""From the raw archive and its split to cached Lab arrays."""

from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.core.errors import ColorizationError
from colorization.core.progress import progress_bar
from colorization.dataset import arrays
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
        As `split.split_archive` returns it.
    params : Preprocess
    out : Path
        Must exist; gets a folder per part, of the same bytes whatever the number of cores.
    """
    for part in PARTS:
        names = split.loc[split["split"] == part, "name"].tolist()
        folder = out / part
        folder.mkdir()
        arrays.create(folder, names, params.image_size)
        written = Parallel(n_jobs=-1, return_as="generator_unordered")(
            delayed(_fill)(
                folder, start, archive, names[start : start + IMAGES_AT_A_TIME], params.image_size
            )
            for start in range(0, len(names), IMAGES_AT_A_TIME)
        )
        with progress_bar(f"preprocessing {part}", len(names)) as bar:
            for count in written:
                bar.update(count)


def _fill(folder: Path, start: int, archive: Path, names: list[str], image_size: int) -> int:
    squares = []
    for name in names:
        try:
            squares.append(view.square(archives.read_member(archive, name), image_size))
        except ColorizationError as error:
            raise ColorizationError(f"{archive}: {name}: {error}") from error
    arrays.fill(folder, start, np.stack(squares))
    return len(names)
