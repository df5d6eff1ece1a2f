"""Measures one image in several colorings, without Keras, so that worker processes start fast."""

import numpy as np

from colorization.color import color_metrics
from colorization.color.reference import Colorized, Reference


def measure_colorizations(rgb: np.ndarray, colorizations: np.ndarray) -> list[tuple[float, float]]:
    """Measure a photograph in gray, then in each of several colorizations.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photograph, sRGB.
    colorizations : (N, H, W, 2) float32 array
        CIE a*, b* / AB_SCALE.

    Returns
    -------
    list of (float, float)
        Mean CIEDE2000 from the photograph, and Hasler and Süsstrunk's colorfulness.
    """
    reference = Reference(rgb)
    images = [Colorized(reference, ab) for ab in (np.zeros(2), *colorizations)]
    return [
        (
            color_metrics.ciede2000_mean(reference.lab, image.lab),
            color_metrics.colorfulness(image.rgb),
        )
        for image in images
    ]
