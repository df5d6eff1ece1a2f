"""The cached arrays of one part of the split, memory-mapped.

L and ab are float16: joined again they give the 8-bit sRGB photograph to within 1 of 255. What is
measured against the photograph itself reads `rgb`, the exact pixels.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from colorization import lab

CACHE_DTYPE = np.float16


@dataclass(frozen=True)
class LabArrays:
    """One part of the split.

    Attributes
    ----------
    names : list of str
        The images' names in the raw archive.
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


def encode(rgb: np.ndarray) -> dict[str, np.ndarray]:
    """Make of one image what the cache holds of it.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        sRGB.

    Returns
    -------
    dict of str to array
        The items of `LabArrays`' arrays, by name.
    """
    L, ab = lab.rgb_to_lab(rgb)
    return {"L": L.astype(CACHE_DTYPE), "ab": ab.astype(CACHE_DTYPE), "rgb": rgb}


def write(folder: Path, names: list[str], images: Iterable[dict[str, np.ndarray]]) -> None:
    """Write the arrays of one part, one image in memory at a time.

    Parameters
    ----------
    folder : Path
        Must exist and be empty.
    names : list of str
    images : iterable of dict
        As `encode` returns them; one for each name.
    """
    arrays: dict[str, np.memmap] = {}
    for index, image in enumerate(images):
        for key, pixels in image.items():
            if key not in arrays:
                arrays[key] = open_memmap(
                    folder / f"{key}.npy",
                    "w+",
                    pixels.dtype,
                    (len(names), *pixels.shape),
                )
            arrays[key][index] = pixels
    for array in arrays.values():
        array.flush()
    (folder / "names.json").write_text(json.dumps(names, indent=0) + "\n", encoding="utf-8")


def read(folder: Path) -> LabArrays:
    """Map the arrays of one part, without reading them."""
    loaded = {
        key: np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False)
        for key in ("L", "ab", "rgb")
    }
    names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
    return LabArrays(names=names, **loaded)
