"""Measures what a model does where nothing can be known: on flat gray squares."""

import numpy as np

from colorization.color import lab
from colorization.color.lab import chroma_of
from colorization.colorizing.colorizer import Colorizer
from colorization.releasing.arrays import predict

LEVELS = (*range(0, 256, 16), 255)  # of 8-bit sRGB


def flat_gray_chroma(colorizer: Colorizer, vividness: float) -> float:
    """Colorize flat gray squares, and return the largest CIE chroma of any pixel of the results.

    Parameters
    ----------
    colorizer : Colorizer
        Of a model with adjustable vividness and without an embedding.
    vividness : float
    """
    side = colorizer.image_size
    rgb = np.repeat(np.array(LEVELS, np.uint8), 3).reshape(-1, 1, 1, 3)
    L = lab.rgb_to_lab(np.tile(rgb, (1, side, side, 1)))[0]
    results = lab.lab_to_rgb(L, predict(colorizer, L, vividness))
    return float(chroma_of(lab.rgb_to_lab(results)[1]).max())
