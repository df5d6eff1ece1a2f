"""Convert the images of the raw archive to cached Lab arrays, one folder per split."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from colorization.core.errors import ColorizationError
from colorization.core.parallel import Postponed, imap_unordered
from colorization.core.progress import progress_bar
from colorization.core.settings import Preprocess
from colorization.core.text import printable
from colorization.dataset import arrays
from colorization.dataset.splits import SPLITS, names_by_split
from colorization.photos.model_input import decode_square
from colorization.photos.squares import decode_squares

if TYPE_CHECKING:  # the worker processes would import it, too
    import pandas as pd

IMAGES_AT_A_TIME = 8  # in the memory of each process

Batch = tuple[Path, Path, int, int, list[str]]  # the first arguments of `fill`


def preprocess(archive: Path, split: "pd.DataFrame", params: Preprocess, out: Path) -> None:
    """Write a folder of arrays for each split, on all cores.

    Images that cannot be decoded are excluded, with a message.

    Parameters
    ----------
    archive : Path
    split : DataFrame
        Returned by `split.split_archive`.
    params : Preprocess
    out : Path
        An existing folder. Its content does not depend on the number of cores.

    Raises
    ------
    ColorizationError
        If no image of a split can be decoded.
    """
    names = names_by_split(split)
    pending = list(SPLITS)
    while pending:
        batches = [
            batch
            for key in pending
            for batch in _batches(archive, names[key], params.image_size, out / key)
        ]
        failed = _fill_all(batches)
        for name, error in failed.items():
            print(f"{archive}: {printable(name)} excluded: {error}", flush=True)
        # Write the splits of failed images again, without them.
        pending = [key for key in pending if not failed.keys().isdisjoint(names[key])]
        for key in pending:
            shutil.rmtree(out / key)
            names[key] = [name for name in names[key] if name not in failed]
            if not names[key]:
                raise ColorizationError(f"{archive}: no image of the {key} split can be decoded")


def _batches(archive: Path, names: list[str], image_size: int, folder: Path) -> list[Batch]:
    """Create the files of a split, and return the tasks that fill them."""
    folder.mkdir()
    arrays.create(folder, names, image_size)
    return [
        (folder, archive, image_size, start, names[start : start + IMAGES_AT_A_TIME])
        for start in range(0, len(names), IMAGES_AT_A_TIME)
    ]


def _fill_all(batches: list[Batch]) -> dict[str, ColorizationError]:
    """Fill the rows of all batches; return the images that cannot be decoded, with the errors."""
    suspects: list[Batch] = []  # the images of failed batches, one at a time
    with progress_bar("preprocessing", sum(len(batch[-1]) for batch in batches)) as bar:
        for index, done in imap_unordered(fill, batches):
            folder, archive, image_size, start, names = batches[index]
            if isinstance(done, ColorizationError):
                suspects += [
                    (folder, archive, image_size, start + row, [name])
                    for row, name in enumerate(names)
                ]
            bar.update(len(names))
    if not suspects:
        return {}
    return {
        suspects[index][-1][0]: done
        for index, done in imap_unordered(fill, suspects)
        if isinstance(done, ColorizationError)
    }


def fill(
    folder: Path, archive: Path, image_size: int, start: int, names: list[str], most_pixels: int
) -> Postponed | None:
    """Decode some images, and write their rows of a split's arrays.

    Parameters
    ----------
    folder : Path
        Created by `arrays.create`.
    archive : Path
    image_size : int
        px.
    start : int
        Row of the first image.
    names : list of str
    most_pixels : int
        If an image is larger, the batch is postponed.

    Raises
    ------
    ColorizationError
        If an image cannot be decoded.
    """
    squares = decode_squares(decode_square, archive, names, image_size, most_pixels)
    if isinstance(squares, Postponed):
        return squares
    arrays.fill(folder, start, squares)
    return None
