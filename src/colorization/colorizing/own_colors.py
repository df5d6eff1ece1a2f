"""Whether a photograph has colors of its own, or is gray or toned."""

import numpy as np
from PIL import Image

from colorization.color import lab

SIDE = 64  # px; a smaller copy has less of a scanner's and of JPEG's color noise
DEGREE = 3  # of the polynomial from lightness to the color of a toning
# CIE Lab. Of color photographs, only those of nearly gray things have a lesser spread.
LEAST_SPREAD = 3.0
# In the direction in which it is least. Stains and uneven toning spread colors by more than
# LEAST_SPREAD at times, but only towards the color of the toning and away from it.
LEAST_ACROSS = 1.0
LARGE_SPREAD = 7.0  # larger than that of stains, in whatever direction


def has_own_colors(image: Image.Image) -> bool:
    """Whether a photograph is in color.

    A print toned in sepia, selenium or blue has one color at each lightness, weaker where it is
    stained or bleached; a color photograph has several. So the spread of a* and b* around a smooth
    function of lightness is measured, in total and in the direction in which it is least.

    Parameters
    ----------
    image : Image.Image
        Mode RGB, sRGB.
    """
    scale = min(1.0, SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    L, ab = lab.rgb_to_lab(np.asarray(image.resize(size, Image.Resampling.BOX)))
    a_b = ab.reshape(-1, 2) * lab.AB_SCALE
    lightness = np.vander((L.ravel() + 1) / 2, DEGREE + 1)
    toning = lightness @ np.linalg.lstsq(lightness, a_b)[0]
    deviations = a_b - toning
    least, most = np.linalg.eigvalsh(deviations.T @ deviations / len(deviations)).clip(0)
    spread, across = np.sqrt([least + most, least])
    return bool(spread >= LARGE_SPREAD or (spread >= LEAST_SPREAD and across >= LEAST_ACROSS))
