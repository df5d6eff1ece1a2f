"""Draws plain shapes, of which hints color some.

Photographs hardly show a network how far a hint reaches: next to it there may be another color, and
much of its color can be guessed without it. Nothing but a hint tells the color of a drawn shape,
which has the hint's color up to its edges, and is gray without one.
"""

import numpy as np
from skimage.draw import random_shapes
from skimage.util import view_as_blocks

from colorization.color import lab
from colorization.networks.hints import CHANNELS, SCALE
from colorization.training.aging import blur, grain
from colorization.training.hints import PATCH_SIDES

MOST_SHAPES = 6  # in an image
SIZES = (1 / 8, 2 / 3)  # of a shape, over the side of the image
DISTINCT = (0.2, 0.8)  # grays within the middle of their steps differ by more than their grain
COLORED = 0.5  # probability that a shape, or the ground, has hints
MORE_HINTS = 0.5  # probability of one more hint in a colored shape, again and again


def draw_shapes(side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw some shapes on a ground, slightly blurred and grainy, and hints for some of them.

    Parameters
    ----------
    side : int
        Of the image, px.
    rng : numpy.random.Generator

    Returns
    -------
    L : (side, side, 1) float32 array
        In [-1, 1].
    ab : (side, side, 2) float32 array
        In each shape with hints their color, otherwise 0.
    hints : (side / 2, side / 2, 3) float32 array
        See `JoinHints`.
    """
    smallest, largest = (round(side * size) for size in SIZES)
    image, _ = random_shapes(
        (side, side),
        max_shapes=MOST_SHAPES,
        min_size=smallest,
        max_size=largest,
        num_channels=1,
        intensity_range=(0, 254),  # the ground has 255
        allow_overlap=True,
        rng=rng,
    )
    levels, regions = np.unique(image, return_inverse=True)
    regions = regions.reshape(side, side)
    count = len(levels)
    grays = (rng.permutation(count) + rng.uniform(*DISTINCT, count)) / count
    light, _ = grain(blur(grays[regions], rng)[0], rng)
    _, colors = lab.rgb_to_lab(rng.integers(0, 256, (1, count, 1, 3), np.uint8))
    ab = np.zeros((side, side, 2), np.float32)
    within = _within_regions(regions)
    hints = np.zeros((*within.shape, CHANNELS), np.float32)
    for region, color in enumerate(colors[0, :, 0]):
        places = np.argwhere(within == region)
        if len(places) and rng.random() < COLORED:
            ab[regions == region] = color
            for top, left in rng.choice(places, rng.geometric(1 - MORE_HINTS)):
                length = rng.choice(PATCH_SIDES)
                patch = np.s_[top : top + length, left : left + length]
                hints[patch][within[patch] == region] = [*color, 1]
    return np.clip(light, 0, 1)[..., None].astype(np.float32) * 2 - 1, ab, hints


def _within_regions(regions: np.ndarray) -> np.ndarray:
    """Return the region of each pixel of the hints; -1 where an edge crosses it."""
    pixels = view_as_blocks(regions, (SCALE, SCALE))
    return np.where(np.ptp(pixels, axis=(2, 3)) == 0, pixels[..., 0, 0], -1)
