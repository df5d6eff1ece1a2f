"""Measures one image in several colorings, without Keras, so that worker processes start fast."""

import numpy as np

from colorization.color import color_metrics, lab


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
    L, true_ab = lab.rgb_to_lab(rgb)
    truth = lab.to_cie(L, true_ab)
    measured = []
    for ab in (np.zeros(2), *colorizations):
        image = lab.lab_to_rgb(L, ab)
        difference = color_metrics.ciede2000_mean(truth, lab.to_cie(*lab.rgb_to_lab(image)))
        measured.append((difference, color_metrics.colorfulness(image)))
    return measured
