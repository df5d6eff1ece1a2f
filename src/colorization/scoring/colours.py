"""The colours of a set of photographs: their mean, and how often each occurs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from colorization.core.progress import progress
from colorization.imaging import lab

BIN_WIDTH = 10.0  # CIE ab, as in Zhang et al. (2016); a bin has its centre at a multiple of it
_REACH = round(lab.AB_SCALE / BIN_WIDTH)  # bins on either side of the one around 0
_BINS = 2 * _REACH + 1  # of a, and of b


@dataclass(frozen=True)
class Colours:
    """What `count_colours` found.

    Attributes
    ----------
    mean_ab : (2,) float32 array
        In [-1, 1].
    pixels : (27, 27) int64 array
        Number of pixels by the bin of a and the bin of b.
    """

    mean_ab: np.ndarray
    pixels: np.ndarray

    def rarity(self, ab: np.ndarray) -> np.ndarray:
        """Weigh pixels by the inverse of their colour's frequency.

        Parameters
        ----------
        ab : (..., 2) float array
            In [-1, 1].

        Returns
        -------
        (...,) float64 array
            At most 1. A colour that does not occur weighs like the rarest that does.

        References
        ----------
        Zhang, Isola, Efros: Colorful Image Colorization. ECCV 2016, equation 4 with lambda = 0.
        """
        rarest = self.pixels[self.pixels > 0].min()
        weights = rarest / np.maximum(self.pixels, rarest)
        return weights.ravel()[_bins(ab)]

    def table(self) -> pd.DataFrame:
        """List the bins that occur: a and b (CIE, of the centre), and pixels."""
        a, b = np.nonzero(self.pixels)
        centres = (BIN_WIDTH * (index - _REACH) for index in (a, b))
        return pd.DataFrame(dict(zip("ab", centres, strict=True)) | {"pixels": self.pixels[a, b]})

    @classmethod
    def from_table(cls, table: pd.DataFrame, mean_ab: np.ndarray) -> "Colours":
        """Read `table` again."""
        pixels = np.zeros((_BINS, _BINS), np.int64)
        a, b = ((table[axis] / BIN_WIDTH).astype(int) + _REACH for axis in "ab")
        pixels[a, b] = table["pixels"]
        return cls(mean_ab, pixels)


def count_colours(ab: np.ndarray) -> Colours:
    """Count the colours of a set of images, one image at a time.

    Parameters
    ----------
    ab : (N, H, W, 2) float array
        In [-1, 1]; may be memory-mapped.
    """
    counts = np.zeros(_BINS * _BINS, np.int64)
    sums = np.zeros(2)
    for image in progress(ab, "counting colours of the training images", len(ab)):
        values = image.astype(np.float32)
        sums += values.sum(axis=(0, 1), dtype=np.float64)
        counts += np.bincount(_bins(values).ravel(), minlength=len(counts))
    return Colours((sums / counts.sum()).astype(np.float32), counts.reshape(_BINS, _BINS))


def _bins(ab: np.ndarray) -> np.ndarray:
    """Index of each pixel's bin, in the order of `Colours.pixels` read line by line."""
    index = np.rint(ab * np.float32(lab.AB_SCALE / BIN_WIDTH)).astype(np.int64) + _REACH
    return index[..., 0] * _BINS + index[..., 1]
