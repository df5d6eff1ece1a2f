"""Computes CIEDE2000 with NumPy alone: scikit-image is not installed for colorizing."""

import numpy as np


def ciede2000(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute the color difference CIEDE2000: 1 is just noticeable.

    Parameters
    ----------
    one, other : (..., 3) float arrays
        CIE L*, a*, b*; broadcast to each other.

    Returns
    -------
    (...) float64 array

    References
    ----------
    Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula. Color Research and Application 30
    (2005), equations 2 to 22.
    """
    L1, a1, b1 = np.moveaxis(np.asarray(one, np.float64), -1, 0)
    L2, a2, b2 = np.moveaxis(np.asarray(other, np.float64), -1, 0)
    stretch = 1.5 - 0.5 * _towards_1((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2)
    C1, h1 = np.hypot(a1 * stretch, b1), np.arctan2(b1, a1 * stretch) % (2 * np.pi)
    C2, h2 = np.hypot(a2 * stretch, b2), np.arctan2(b2, a2 * stretch) % (2 * np.pi)
    C, L = (C1 + C2) / 2, (L1 + L2) / 2
    # Hues are angles: their difference is the shorter way around, their mean in its middle.
    turn = h2 - h1
    turn = np.where(np.abs(turn) > np.pi, turn - np.copysign(2 * np.pi, turn), turn)
    turn = np.where(C1 * C2 == 0, 0, turn)
    h = np.where(C1 * C2 == 0, h1 + h2, h1 + turn / 2)
    T = (
        1
        - 0.17 * np.cos(h - np.radians(30))
        + 0.24 * np.cos(2 * h)
        + 0.32 * np.cos(3 * h + np.radians(6))
        - 0.20 * np.cos(4 * h - np.radians(63))
    )
    lightness = (L2 - L1) / (1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2))
    chroma = (C2 - C1) / (1 + 0.045 * C)
    hue = 2 * np.sqrt(C1 * C2) * np.sin(turn / 2) / (1 + 0.015 * C * T)
    degrees = np.degrees(h) % 360
    rotation = np.radians(60 * np.exp(-(((degrees - 275) / 25) ** 2)))
    crossed = -2 * _towards_1(C) * np.sin(rotation) * chroma * hue
    return np.sqrt(lightness**2 + chroma**2 + hue**2 + crossed)


def _towards_1(chroma: np.ndarray) -> np.ndarray:
    """A function of chroma that rises from 0 to 1, steepest near 25."""
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
