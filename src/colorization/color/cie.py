"""Converts between sRGB, linear light and CIE Lab, in float32 and with NumPy alone.

The formulas and constants are those of scikit-image's `color`, and a test compares both. This
module does not use scikit-image, so that users who only colorize photographs need neither it nor
SciPy; these would double the installation. This module is also faster: each channel is stored
separately, which suits NumPy, and tables hold the 256 values of sRGB. No sum is left to a library
of linear algebra, so each pixel gets the same bits, whatever is converted beside it.

References
----------
IEC 61966-2-1:1999, sRGB; CIE 15:2004, section 8.2.1, Lab; white is D65, 2 degree observer.
"""

import numpy as np

XYZ_FROM_RGB = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])  # X, Y, Z
# CIE Lab's f: below DARK_LIGHT, where f is DARK, a straight line replaces the cube root.
DARK_LIGHT = np.float32(0.008856)
DARK, SLOPE, OFFSET = np.float32(0.2068966), np.float32(7.787), np.float32(16 / 116)

# Matrices between linear light and X, Y and Z over white's; a row per channel of the result.
FROM_RGB = (XYZ_FROM_RGB / WHITE[:, None]).astype(np.float32)
TO_RGB = (np.linalg.inv(XYZ_FROM_RGB) * WHITE).astype(np.float32)


def _expand(srgb: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values in [0, 1]."""
    return np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)


LINEAR = _expand(np.arange(256) / 255).astype(np.float32)  # of each 8-bit value
# The least light that is rounded to each 8-bit value, then infinity, since 255 is the last value.
# The range of light is divided into cells, so narrow that at most one value begins in each. OF_CELL
# is the value at a cell's start, NEXT the light at which the next value begins.
_BEGINS = np.append(_expand((np.arange(256) - 0.5).clip(0) / 255), np.inf).astype(np.float32)
CELLS = np.float32(4096)
_BELOW = np.searchsorted(_BEGINS, np.arange(CELLS + 1) / CELLS, side="right") - 1
OF_CELL, NEXT = _BELOW.astype(np.uint8), _BEGINS[_BELOW + 1]


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Give CIE L* of sRGB: the first channel of `rgb_to_lab`, computed alone.

    Parameters
    ----------
    rgb : (..., 3) uint8 array

    Returns
    -------
    (...) float32 array
    """
    return 116 * _root(_weighted(FROM_RGB[1], _linear(rgb))) - 16


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB to CIE Lab.

    Parameters
    ----------
    rgb : (..., 3) uint8 array

    Returns
    -------
    (3, ...) float32 array
        CIE L*, a*, b*.
    """
    linear = _linear(rgb)
    x, y, z = (_root(_weighted(weights, linear)) for weights in FROM_RGB)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Give the nearest 8-bit values of sRGB, by a table.

    Parameters
    ----------
    linear : (3, ...) float32 array
        Linear light of red, green and blue. Values outside 0..1 are clipped; see `gamut`.

    Returns
    -------
    (..., 3) uint8 array
    """
    rgb = np.empty((*linear.shape[1:], 3), np.uint8)
    for channel, light in enumerate(linear):
        shown = np.fmin(np.fmax(light, 0), 1)  # NaN becomes black, as in any cast
        cell = (shown * CELLS).astype(np.intp)
        rgb[..., channel] = OF_CELL[cell] + (shown >= NEXT[cell])
    return rgb


def _linear(rgb: np.ndarray) -> np.ndarray:
    """Linear light of 8-bit values, channel by channel: (3, ...)."""
    return LINEAR[np.moveaxis(rgb, -1, 0).astype(np.intp, order="C")]


def light(f: np.ndarray) -> np.ndarray:
    """X, Y or Z over white's, from f; the inverse of `_root`."""
    return np.where(f > DARK, f * f * f, (f - OFFSET) / SLOPE)


def _root(light: np.ndarray) -> np.ndarray:
    """The function f of CIE 15, of X, Y or Z over white's; L*, a* and b* are computed from it."""
    return np.where(light > DARK_LIGHT, light ** np.float32(1 / 3), SLOPE * light + OFFSET)


def _weighted(weights: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """A weighted sum of three channels, (3, ...)."""
    return weights[0] * channels[0] + weights[1] * channels[1] + weights[2] * channels[2]
