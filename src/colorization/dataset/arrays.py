"""Writes and memory-maps the cached arrays of one split.

L and ab are float16: converted back, they differ from the 8-bit sRGB photograph by at most 1 of
255. Scores compare with `rgb`, the photograph's exact pixels.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.lib.format import open_memmap

from colorization.color import lab
from colorization.color.lab import CACHE_DTYPE
from colorization.core.splits import NAMES

_LAYOUT = {"L": (1, CACHE_DTYPE), "ab": (2, CACHE_DTYPE), "rgb": (3, np.uint8)}  # channels, dtype


@dataclass(frozen=True)
class LabArrays:
    """The photographs of one split.

    Attributes
    ----------
    names : list of str
        The images' names in the archive.
    L : (N, H, W, 1) float16 array
        CIE L* / 50 - 1, in [-1, 1].
    ab : (N, H, W, 2) float16 array
        CIE a*, b* / 128, in (-1, 1).
    rgb : (N, H, W, 3) uint8 array
        sRGB, exactly as decoded and resized.
    """

    names: list[str]
    L: np.ndarray
    ab: np.ndarray
    rgb: np.ndarray

    def mean_chroma(self) -> np.ndarray:
        """Compute the mean CIE chroma of each photograph.

        Returns
        -------
        (N,) float32 array
        """
        means = [lab.chroma_of(ab.astype(np.float32)).mean() for ab in self.ab]
        return np.array(means, np.float32)


def create(folder: Path, names: list[str], image_size: int) -> None:
    """Create the files of one split's arrays, to be written by `fill`.

    Parameters
    ----------
    folder : Path
        Must exist and be empty.
    names : list of str
        The names of all N images.
    image_size : int
        Height and width in px.
    """
    (folder / NAMES).write_text(json.dumps(names, indent=0) + "\n", encoding="utf-8")
    for key, (channels, dtype) in _LAYOUT.items():
        shape = (len(names), image_size, image_size, channels)
        open_memmap(folder / f"{key}.npy", "w+", dtype, shape)


def fill(folder: Path, start: int, rgb: np.ndarray) -> None:
    """Write consecutive images; several processes may write different rows at the same time.

    Parameters
    ----------
    folder : Path
        Written by `create`.
    start : int
        Index of the first image.
    rgb : (K, H, W, 3) uint8 array
        sRGB.
    """
    L, ab = lab.rgb_to_lab(rgb, CACHE_DTYPE)
    rows = {"L": L, "ab": ab, "rgb": np.ascontiguousarray(rgb)}
    for key, array in rows.items():
        # Not memory-mapped: a full disk would then kill the process without a message.
        with (folder / f"{key}.npy").open("r+b") as file:
            npy.read_magic(file)
            npy.read_array_header_1_0(file)
            file.seek(start * array[0].nbytes, os.SEEK_CUR)
            file.write(array.data)


def read(folder: Path) -> LabArrays:
    """Memory-map the arrays of one split."""
    memmaps = {
        key: np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False) for key in _LAYOUT
    }
    names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
    return LabArrays(names=names, **memmaps)
