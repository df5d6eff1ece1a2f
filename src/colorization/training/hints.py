"""Draws random hints from true colors, as a user might give them."""

import numpy as np

from colorization.networks.hints import CHANNELS

WITHOUT = 0.8  # share of the images that get no hints; with half, colors without any are worse
MEAN_PATCHES = 8  # mean number of patches of the others
PATCH_SIDES = (1, 2, 3)  # px, at the size of the hints


def draw_hints(ab: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw hints for a batch; most of the images get none, the others a geometric number.

    Parameters
    ----------
    ab : (N, H, W, 2) float32 array
        True colors at the size of the hints.
    rng : numpy.random.Generator

    Returns
    -------
    (N, H, W, 3) float32 array
        See `JoinHints`.
    """
    counts = rng.geometric(1 / MEAN_PATCHES, len(ab)) * (rng.random(len(ab)) >= WITHOUT)
    return np.stack(
        [patches(image, int(count), rng) for image, count in zip(ab, counts, strict=True)]
    )


def patches(ab: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Place hints on one image: square patches, each of the mean color of its place.

    Parameters
    ----------
    ab : (H, W, 2) float32 array
    count : int
    rng : numpy.random.Generator

    Returns
    -------
    (H, W, 3) float32 array
    """
    height, width, _ = ab.shape
    hints = np.zeros((height, width, CHANNELS), np.float32)
    for side in rng.choice(PATCH_SIDES, count):
        top, left = rng.integers((height - side + 1, width - side + 1))
        place = np.s_[top : top + side, left : left + side]
        hints[place] = [*ab[place].mean(axis=(0, 1)), 1]
    return hints
