"""Makes photographs look old: faded, grainy, blurred, scratched, on a plain border.

A network that is to colorize old photographs sees such L in its training. The colors to learn stay
those of the photograph, but are gray where nothing of it shows: on borders, on scratches, and in an
image of which nothing is left.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

DEFECTIVE = 0.4  # share of the aged images that get each of the defects
BLANK = 0.05  # share of the aged images of which nothing is left but a plain gray

# Maps an image's L in [0, 1], (H, W), to L with the defect, and the mask of the pixels it hides, if
# any.
Defect = Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray | None]]


def age(L: np.ndarray, ab: np.ndarray, share: float, rng: np.random.Generator) -> None:
    """Make some images of a batch look old, in place.

    Parameters
    ----------
    L : (N, H, W, 1) float32 array
        In [-1, 1].
    ab : (N, H, W, 2) float32 array
    share : float
        Probability that an image is changed.
    rng : numpy.random.Generator
    """
    for index in np.flatnonzero(rng.random(len(L)) < share):
        light = (L[index, ..., 0] + 1) / 2
        if rng.random() < BLANK:
            light, ab[index] = np.full_like(light, rng.random()), 0
        for defect in DEFECTS:
            if rng.random() < DEFECTIVE:
                light, hidden = defect(light, rng)
                if hidden is not None:
                    ab[index][hidden] = 0
        L[index, ..., 0] = np.clip(light, 0, 1) * 2 - 1


def blur(light: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, None]:
    """Blur, as by an old lens or an unsharp print."""
    return gaussian_filter(light, rng.uniform(0.3, 1.5)), None


def expose(light: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, None]:
    """Darken or lighten, by a power."""
    return np.clip(light, 0, 1) ** np.exp(rng.uniform(-0.6, 0.6)), None


def fade(light: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, None]:
    """Lift the blacks and dim the whites."""
    black, white = rng.uniform(0, 0.3), rng.uniform(0.7, 1)
    return black + (white - black) * light, None


def grain(light: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, None]:
    """Add the grain of a film: noise that is coarser than a pixel, or not."""
    noise = gaussian_filter(rng.standard_normal(light.shape), rng.uniform(0, 0.8))
    return light + noise * (rng.uniform(0.01, 0.06) / noise.std()), None


def scratch(light: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a few bright or dark lines from edge to edge."""
    height, width = light.shape
    hidden = np.zeros(light.shape, bool)
    rows = np.arange(height)
    for _ in range(rng.integers(1, 5)):
        ends = rng.uniform(0, width, 2)
        columns = np.rint(np.linspace(ends[0], ends[1], height)).astype(int).clip(0, width - 1)
        lying = hidden.T if rng.random() < 0.5 and height == width else hidden
        lying[rows, columns] = True
    return np.where(hidden, rng.choice([0.05, 0.95]), light), hidden


def frame(light: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Put a plain border around the image, over its edges."""
    top, bottom, left, right = rng.integers(0, max(2, len(light) // 10), 4)
    hidden = np.ones(light.shape, bool)
    hidden[top : len(light) - bottom, left : light.shape[1] - right] = False
    return np.where(hidden, rng.choice([rng.uniform(0, 0.1), rng.uniform(0.8, 1)]), light), hidden


DEFECTS: tuple[Defect, ...] = (blur, expose, fade, scratch, frame, grain)
