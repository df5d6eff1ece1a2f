"""From the raw archive and its split to cached Lab arrays."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization import archives, arrays, images
from colorization.params import Preprocess
from colorization.parts import PARTS
from colorization.progress import progress

IMAGES_AT_A_TIME = 128  # in memory, decoded: 58 MB at 224 px


def preprocess(archive: Path, split: pd.DataFrame, params: Preprocess, out: Path) -> None:
    """Write a folder of arrays for each part of the split.

    Parameters
    ----------
    archive : Path
    split : DataFrame
        As `split.split_archive` returns it.
    params : Preprocess
    out : Path
        Must exist; gets a folder per part.
    """
    for part in PARTS:
        names = split.loc[split["split"] == part, "name"].tolist()
        folder = out / part
        folder.mkdir()
        images = _encoded(archive, names, params.image_size)
        arrays.write(folder, names, progress(images, f"preprocessing {part}", len(names)))


def _encoded(archive: Path, names: list[str], image_size: int) -> Iterator[dict[str, np.ndarray]]:
    """Decode and convert on all cores, in order.

    A chunk at a time: joblib's own generator does not wait for whoever takes its results.
    """
    contents = archives.read_members(archive, names)
    with Parallel(n_jobs=-1) as parallel:
        while chunk := list(islice(contents, IMAGES_AT_A_TIME)):
            yield from parallel(delayed(_encode)(content, image_size) for content in chunk)


def _encode(content: bytes, image_size: int) -> dict[str, np.ndarray]:
    rgb = images.to_srgb(images.open_image(content))
    return arrays.encode(images.to_square(rgb, image_size))
