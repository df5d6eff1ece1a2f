"""Measures what a model does where nothing can be known: on flat gray squares."""

import numpy as np

from colorization.color import lab
from colorization.color.lab import chroma_of
from colorization.colorizing.colorizer import Colorizer

LEVELS = (*range(0, 256, 16), 255)  # of 8-bit sRGB
SIDE = 256  # px


def flat_gray_chroma(colorizer: Colorizer, vividness: float) -> float:
    """Colorize flat gray squares, and return the largest CIE chroma of any pixel of the results.

    Parameters
    ----------
    colorizer : Colorizer
    vividness : float
    """
    squares = (np.full((SIDE, SIDE), level, np.uint8) for level in LEVELS)
    results = (np.asarray(colorizer(square, vividness=vividness)) for square in squares)
    return max(float(chroma_of(lab.rgb_to_lab(result)[1]).max()) for result in results)
