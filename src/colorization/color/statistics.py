"""Computes the mean color and the color histogram of a set of photographs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.color import lab
from colorization.core.progress import progress
from colorization.core.tables import read_table, write_table

BIN_WIDTH = 10.0  # CIE ab, as in Zhang et al. (2016); bins are centered at its multiples
_REACH = round(lab.AB_SCALE / BIN_WIDTH)  # bins on either side of the bin around 0
_BINS = 2 * _REACH + 1  # along a, and along b


@dataclass(frozen=True)
class ColorStatistics:
    """The mean color and the color histograms of a set of photographs.

    Attributes
    ----------
    mean_ab : (2,) float32 array
        In [-1, 1].
    pixels : (27, 27) int64 array
        Number of pixels by bin of a and bin of b; each pixel counts for the nearest bin.
    assigned : (27, 27) float64 array
        The same with soft assignment: each pixel is shared among the four nearest bins.
    """

    mean_ab: np.ndarray
    pixels: np.ndarray
    assigned: np.ndarray

    def rarity(self, ab: np.ndarray) -> np.ndarray:
        """Compute the weights of pixels: the inverse of their color's frequency.

        Parameters
        ----------
        ab : (..., 2) float array
            In [-1, 1].

        Returns
        -------
        (...,) float64 array
            At most 1. A color that does not occur has the weight of the rarest that does.

        References
        ----------
        Zhang, Isola, Efros: Colorful Image Colorization. ECCV 2016, equation 4 with lambda = 0.
        """
        rarest = self.pixels[self.pixels > 0].min()
        weights = rarest / np.maximum(self.pixels, rarest)
        return weights.ravel()[_bins(ab)]

    def table(self) -> pd.DataFrame:
        """List the nonempty bins: a and b of their centers (CIE), pixels and assigned."""
        a, b = np.nonzero(self.assigned)
        return pd.DataFrame(
            {
                "a": BIN_WIDTH * (a - _REACH),
                "b": BIN_WIDTH * (b - _REACH),
                "pixels": self.pixels[a, b],
                "assigned": self.assigned[a, b],
            }
        )

    def write(self, folder: Path) -> None:
        """Write `table` to ab_bins.csv and the mean to mean_ab.json."""
        write_table(self.table(), folder / "ab_bins.csv")
        mean_ab = json.dumps(self.mean_ab.tolist())
        (folder / "mean_ab.json").write_text(mean_ab + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "ColorStatistics":
        """Read the files of `write`."""
        table = read_table(folder / "ab_bins.csv")
        mean_ab = json.loads((folder / "mean_ab.json").read_text(encoding="utf-8"))
        a, b = ((table[axis] / BIN_WIDTH).astype(int) + _REACH for axis in "ab")
        pixels, assigned = np.zeros((_BINS, _BINS), np.int64), np.zeros((_BINS, _BINS))
        pixels[a, b] = table["pixels"]
        assigned[a, b] = table["assigned"]
        return cls(np.array(mean_ab, np.float32), pixels, assigned)


def count_colors(ab: np.ndarray) -> ColorStatistics:
    """Compute the color statistics of a set of images, one image at a time.

    Parameters
    ----------
    ab : (N, H, W, 2) float array
        In [-1, 1]; may be memory-mapped.
    """
    counts = np.zeros(_BINS * _BINS, np.int64)
    assigned = np.zeros(_BINS * _BINS)
    sums = np.zeros(2)
    for image in progress(ab, "counting colors of the training images", len(ab)):
        values = image.astype(np.float32)
        sums += values.sum(axis=(0, 1), dtype=np.float64)
        counts += np.bincount(_bins(values).ravel(), minlength=len(counts))
        for index, weight in soft_assign(values):
            assigned += np.bincount(index.ravel(), weight.ravel(), minlength=len(counts))
    shape = (_BINS, _BINS)
    return ColorStatistics(
        (sums / counts.sum()).astype(np.float32), counts.reshape(shape), assigned.reshape(shape)
    )


def soft_assign(ab: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Assign each color to the four nearest bins; their centers' weighted mean is the color.

    Parameters
    ----------
    ab : (..., 2) float32 array
        In [-1, 1].

    Yields
    ------
    index : (...) int64 array
        Index of a bin in `ColorStatistics.assigned`, flattened row by row.
    weight : (...) float32 array
        In [0, 1]: (1 - distance in a) * (1 - distance in b), both in bin widths. The four weights
        of a color sum to 1.
    """
    scaled = ab * np.float32(lab.AB_SCALE / BIN_WIDTH)
    lower = np.floor(scaled)
    offset = scaled - lower
    first = lower.astype(np.int64) + _REACH
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = np.abs(1 - a - offset[..., 0]) * np.abs(1 - b - offset[..., 1])
        # Where the weight is 0, the bin may be beyond the last one.
        index = np.minimum(first + np.array([a, b]), _BINS - 1)
        yield index[..., 0] * _BINS + index[..., 1], weight


def _bins(ab: np.ndarray) -> np.ndarray:
    """Return each pixel's nearest bin, an index into the flattened `ColorStatistics.pixels`."""
    index = np.rint(ab * np.float32(lab.AB_SCALE / BIN_WIDTH)).astype(np.int64) + _REACH
    return index[..., 0] * _BINS + index[..., 1]
