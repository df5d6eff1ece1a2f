"""Measures one image in several colorings, without Keras, so that worker processes start fast."""

from typing import NamedTuple

import numpy as np

from colorization.color import color_metrics, lab


class Measured(NamedTuple):
    """What is measured of a colorization.

    Attributes
    ----------
    difference : float
        Mean CIEDE2000.
    colorfulness : float
        Hasler and Süsstrunk's.
    stains : float
        Share of the pixels that are stains; see `color_metrics.stained`.
    squared_error : float
        Mean squared error of ab / AB_SCALE.
    """

    difference: float
    colorfulness: float
    stains: float
    squared_error: float


def measure_colorizations(rgb: np.ndarray, colorizations: np.ndarray) -> list[Measured]:
    """Measure a photograph in gray, then in each of several colorizations.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photograph, sRGB.
    colorizations : (N, H, W, 2) float32 array
        CIE a*, b* / AB_SCALE.
    """
    L, true_ab = lab.rgb_to_lab(rgb)
    truth = lab.to_cie(L, true_ab)
    measured = []
    for ab in (np.zeros_like(true_ab), *colorizations):
        image = lab.lab_to_rgb(L, ab)
        measured.append(
            Measured(
                color_metrics.ciede2000_mean(truth, lab.to_cie(*lab.rgb_to_lab(image))),
                color_metrics.colorfulness(image),
                color_metrics.stained(true_ab, ab),
                float(np.mean((ab - true_ab) ** 2, dtype=np.float64)),
            )
        )
    return measured
