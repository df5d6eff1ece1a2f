"""Measure one image in several colours, without Keras, so that worker processes start at once."""

import numpy as np

from colorization.imaging import colour_metrics, lab


def measure_ways(truth: np.ndarray, ways: np.ndarray) -> list[tuple[float, float]]:
    """Measure a photograph in grey, then in each of several colours.

    Parameters
    ----------
    truth : (H, W, 3) uint8 array
        The photograph, sRGB.
    ways : (N, H, W, 2) float32 array
        CIE a*, b* / AB_SCALE.

    Returns
    -------
    list of (float, float)
        Mean CIEDE2000 from the photograph, and Hasler and Süsstrunk's colourfulness.
    """
    L, ab = lab.rgb_to_lab(truth)
    expected = lab.to_cie(L, ab)
    images = [lab.lab_to_rgb(L, np.zeros(2)), *(lab.lab_to_rgb(L, way) for way in ways)]
    return [
        (
            colour_metrics.ciede2000_mean(expected, lab.to_cie(*lab.rgb_to_lab(rgb))),
            colour_metrics.colourfulness(rgb),
        )
        for rgb in images
    ]
