"""The colors that a model finds likely at one place."""

import numpy as np

from colorization.color import lab

DIFFERENT = 20.0  # distance in CIE Lab; colors nearer than this are taken for one
LEAST_SHARE = 1e-3  # of a color; the network's noise is below


def likely_colors(shares: np.ndarray, centers: np.ndarray, L: float, count: int) -> list[str]:
    """Choose the likeliest colors of a distribution that look different.

    They are modes: each has the largest share around it, where a color counts less the more it
    differs, and not at all from `DIFFERENT` on. Then what is nearer than that is left out.

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
    distance = np.linalg.norm(colors[:, None] - colors, axis=-1)
    weights = np.maximum(0, 1 - distance / DIFFERENT)
    chosen: list[str] = []
    left = np.ones(len(shares), bool)
    while left.any() and len(chosen) < count:
        best = int(np.argmax(np.where(left, weights @ (left * shares), -1)))
        chosen.append("#{:02x}{:02x}{:02x}".format(*rgb[best]))
        left &= weights[best] == 0
    return chosen


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits along the last axis. SciPy's needs SciPy."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)
