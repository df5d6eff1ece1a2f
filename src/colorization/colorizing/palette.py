"""The colors that a model finds likely at one place."""

import numpy as np

from colorization.color import lab
from colorization.colorizing.color_difference import ciede2000

DIFFERENT = 10.0  # of CIEDE2000; colors nearer than this are taken for one
LEAST_SHARE = 1e-3  # of a color; the network's noise is below


def likely_colors(shares: np.ndarray, centers: np.ndarray, L: float, count: int) -> list[str]:
    """Choose the likeliest colors of a distribution that look different.

    Each color chosen is the one with the largest share within `DIFFERENT` of it, among those that
    are at least as far from all that were chosen before.

    Parameters
    ----------
    shares : (K,) float array
        Probability of each color.
    centers : (K, 2) float array
        CIE a*, b* / AB_SCALE of each color.
    L : float
        CIE L* / 50 - 1 of the place. Colors outside sRGB at this L are mapped into it first.
    count : int
        Colors to choose; there are fewer if no others are likely and look different.

    Returns
    -------
    list of str
        "#rrggbb", the likeliest first.
    """
    likely = shares >= LEAST_SHARE
    shares, centers = shares[likely], centers[likely]
    rgb = lab.lab_to_rgb(np.full((len(centers), 1), L, np.float32), centers)
    colors = lab.to_cie(*lab.rgb_to_lab(rgb[None]))[0]
    near = ciede2000(colors[:, None], colors) < DIFFERENT
    chosen: list[str] = []
    left, candidates = shares.copy(), np.ones(len(shares), bool)
    while candidates.any() and len(chosen) < count:
        best = int(np.argmax(np.where(candidates, near @ left, -1)))
        chosen.append("#{:02x}{:02x}{:02x}".format(*rgb[best]))
        left[near[best]] = 0
        candidates &= ~near[best]
    return chosen
