"""Keeps what a model predicts, reduced to 16x16, so that a new measure needs no training."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colorization.color.lab import AB_SCALE

GRID = 16  # height and width of what is kept; the networks' input is a multiple of 32
STEP = 0.125  # CIE ab, to which it is rounded: it then takes half the space, and nothing is visible
PREDICTIONS, TRUTH = "predictions.npz", "truth.npy"

# CIE ab. A network whose colors deviate less from their mean gives one color to the eye: a
# difference of about 2.3 is just noticeable.
CONSTANT = 0.5


@dataclass(frozen=True)
class Predictions:
    """What a model predicts for the test images.

    Attributes
    ----------
    ab : (N, 16, 16, 2) float16 array
        CIE a*, b*: the mean of each block of pixels, before any color is made paler to suit sRGB,
        in steps of `STEP`.
    entropy : (N, 16, 16) float16 array or None
        Entropy of the predicted distribution over colors, in bits, averaged likewise; None for
        networks that predict ab directly. See `AdjustableModel.entropy`.
    """

    ab: np.ndarray
    entropy: np.ndarray | None = None

    def select(self, chosen: np.ndarray) -> "Predictions":
        """Select images by their indices, or by a mask."""
        return Predictions(self.ab[chosen], None if self.entropy is None else self.entropy[chosen])

    def write(self, folder: Path) -> None:
        """Write predictions.npz."""
        arrays = {"ab": self.ab} | ({} if self.entropy is None else {"entropy": self.entropy})
        np.savez_compressed(folder / PREDICTIONS, **arrays)  # type: ignore[arg-type]


def read_predictions(folder: Path) -> Predictions | None:
    """Read predictions.npz; None if an evaluation was published without."""
    path = folder / PREDICTIONS
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return Predictions(**arrays)


def reduced_ab(ab: np.ndarray) -> np.ndarray:
    """Reduce ab to what `Predictions.ab` keeps.

    Parameters
    ----------
    ab : (..., H, W, 2) float array
        CIE a*, b* / AB_SCALE; H and W multiples of 16.

    Returns
    -------
    (..., 16, 16, 2) float16 array
        CIE a*, b*, in steps of `STEP`.
    """
    return (STEP * np.rint(block_means(ab) * np.float32(AB_SCALE / STEP))).astype(np.float16)


def block_means(values: np.ndarray) -> np.ndarray:
    """Average (..., H, W, C) values over blocks: (..., 16, 16, C) float32."""
    *images, height, width, channels = values.shape
    blocks = values.reshape(*images, GRID, height // GRID, GRID, width // GRID, channels)
    return blocks.mean(axis=(-4, -2), dtype=np.float32)


def is_constant(deviation: float) -> bool:
    """Whether a model gives one constant color.

    Parameters
    ----------
    deviation : float
        Root mean square distance of the predicted colors from their mean, over all pixels of all
        test images, in CIE ab.
    """
    return deviation < CONSTANT
