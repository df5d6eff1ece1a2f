"""Convert the images of the raw archive to cached Lab arrays, one folder per split."""

from pathlib import Path
from typing import TYPE_CHECKING

from colorization.core.errors import ColorizationError
from colorization.core.parallel import Postponed, imap_unordered
from colorization.core.progress import progress_bar
from colorization.core.settings import Preprocess
from colorization.core.splits import SPLITS, names_by_split
from colorization.core.text import printable
from colorization.dataset import arrays
from colorization.photos.model_input import decode_square
from colorization.photos.squares import decode_squares

if TYPE_CHECKING:  # the worker processes would import it, too
    import pandas as pd

IMAGES_AT_A_TIME = 8  # in the memory of each process

Batch = tuple[Path, Path, int, int, list[str]]  # the first arguments of `fill`


def preprocess(archive: Path, split: "pd.DataFrame", params: Preprocess, out: Path) -> None:
    """Write a folder of arrays for each split, on all cores.

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
        If an image cannot be decoded.
    """
    names = names_by_split(split)
    batches = [
        batch
        for key in SPLITS
        for batch in _batches(archive, names[key], params.image_size, out / key)
    ]
    with progress_bar("preprocessing", sum(map(len, names.values()))) as bar:
        for index, done in imap_unordered(fill, batches):
            if isinstance(done, ColorizationError):
                raise _cause(batches[index], done)
            bar.update(len(batches[index][-1]))


def _batches(archive: Path, names: list[str], image_size: int, folder: Path) -> list[Batch]:
    """Create the files of a split, and return the tasks that fill them."""
    folder.mkdir()
    arrays.create(folder, names, image_size)
    return [
        (folder, archive, image_size, start, names[start : start + IMAGES_AT_A_TIME])
        for start in range(0, len(names), IMAGES_AT_A_TIME)
    ]


def _cause(batch: Batch, error: ColorizationError) -> ColorizationError:
    """Name the image that made a batch fail, by a second try of each alone."""
    folder, archive, image_size, start, names = batch
    alone = [(folder, archive, image_size, start + row, [name]) for row, name in enumerate(names)]
    for index, done in imap_unordered(fill, alone):
        if isinstance(done, ColorizationError):
            return ColorizationError(f"{archive}: {printable(names[index])}: {done}")
    return ColorizationError(f"{archive}: {error}, once; repeat the command")


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
