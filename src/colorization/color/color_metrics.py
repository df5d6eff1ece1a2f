"""Metrics of a colorized image's color: its error, its colorfulness, and its stains."""

import numpy as np
from skimage import color

from colorization.color.lab import chroma_of

# A stain: a pixel of vivid color where the photograph has nearly none, in CIE chroma.
VIVID, PALE = 40.0, 15.0


def ciede2000_mean(truth: np.ndarray, lab: np.ndarray) -> float:
    """Compute the mean CIEDE2000 color difference: 1 is just noticeable, lower is better.

    Parameters
    ----------
    truth, lab : (H, W, 3) float arrays
        CIE L*, a*, b*.

    References
    ----------
    Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula. Color Research and Application 30
    (2005).
    """
    return float(color.deltaE_ciede2000(truth, lab).mean(dtype=np.float64))


def colorfulness(rgb: np.ndarray) -> float:
    """Compute an image's colorfulness: 0 is gray, about 15 slightly, 80 or more highly colorful.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        sRGB.

    References
    ----------
    Hasler, Suesstrunk: Measuring colorfulness in natural images. SPIE 5007 (2003), equations for
    the opponent space, with signed means.
    """
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    red_green = red - green
    yellow_blue = (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def stained(truth: np.ndarray, ab: np.ndarray) -> float:
    """Compute the share of the pixels that are stains, from 0 to 1; lower is better.

    Parameters
    ----------
    truth, ab : (H, W, 2) float arrays
        CIE a*, b* / AB_SCALE, of the photograph and as predicted.
    """
    return float(np.mean((chroma_of(ab) > VIVID) & (chroma_of(truth) < PALE)))
