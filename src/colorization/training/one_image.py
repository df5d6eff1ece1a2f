"""Measures one image in several colorings, without Keras, so that worker processes start fast."""

import numpy as np

from colorization.color import color_metrics, lab


def measure_colorings(truth: np.ndarray, colorings: np.ndarray) -> list[tuple[float, float]]:
    """Measure a photograph in gray, then in each of several colorings.

    Parameters
    ----------
    truth : (H, W, 3) uint8 array
        The photograph, sRGB.
    colorings : (N, H, W, 2) float32 array
        CIE a*, b* / AB_SCALE.

    Returns
    -------
    list of (float, float)
        Mean CIEDE2000 from the photograph, and Hasler and Süsstrunk's colorfulness.
    """
    L, true_ab = lab.rgb_to_lab(truth)
    expected = lab.to_cie(L, true_ab)
    images = [lab.lab_to_rgb(L, np.zeros(2)), *(lab.lab_to_rgb(L, ab) for ab in colorings)]
    return [
        (
            color_metrics.ciede2000_mean(expected, lab.to_cie(*lab.rgb_to_lab(rgb))),
            color_metrics.colorfulness(rgb),
        )
        for rgb in images
    ]
