"""Converts between sRGB, linear light and CIE Lab, in float32 and with NumPy alone.

The formulas and constants are those of scikit-image's `color`, and a test compares both. Without
scikit-image and SciPy, the installation for colorizing is half as large. This module is also
faster: each channel is stored separately, and the 256 values of sRGB are looked up in tables. No
sum is computed by BLAS, so a pixel's result does not depend on the pixels around it.

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
# CIE Lab's f: below DARK_LIGHT, where f is DARK, a line replaces the cube root.
DARK_LIGHT = np.float32(0.008856)
DARK, SLOPE, OFFSET = np.float32(0.2068966), np.float32(7.787), np.float32(16 / 116)

# Matrices between linear light and X, Y, Z relative to white; a row per channel of the result.
FROM_RGB = (XYZ_FROM_RGB / WHITE[:, None]).astype(np.float32)
TO_RGB = (np.linalg.inv(XYZ_FROM_RGB) * WHITE).astype(np.float32)


def srgb_to_linear(srgb: np.ndarray) -> np.ndarray:
    """Convert sRGB, a float array in [0, 1], to linear light."""
    return np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)


LINEAR = srgb_to_linear(np.arange(256) / 255).astype(np.float32)  # of each 8-bit value
# The least light that is rounded to each 8-bit value, and infinity after the last value. The range
# of light is divided into cells so narrow that at most one value begins in each. CELL_VALUE is the
# value at a cell's start, NEXT the light at which the next value begins.
_THRESHOLDS = np.append(srgb_to_linear((np.arange(256) - 0.5).clip(0) / 255), np.inf).astype(
    np.float32
)
CELLS = np.float32(4096)
_BELOW = np.searchsorted(_THRESHOLDS, np.arange(CELLS + 1) / CELLS, side="right") - 1
CELL_VALUE, NEXT = _BELOW.astype(np.uint8), _THRESHOLDS[_BELOW + 1]


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Compute CIE L* of sRGB, the first channel of `rgb_to_lab`.

    Parameters
    ----------
    rgb : (..., 3) uint8 array

    Returns
    -------
    (...) float32 array
    """
    return 116 * f(_weighted(FROM_RGB[1], _linear(rgb))) - 16


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
    x, y, z = (f(_weighted(weights, linear)) for weights in FROM_RGB)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Convert linear light to the nearest 8-bit values of sRGB, by a lookup table.

    Parameters
    ----------
    linear : (3, ...) float32 array
        Linear red, green and blue, clipped to [0, 1]; see `gamut` for colors outside.

    Returns
    -------
    (..., 3) uint8 array
    """
    rgb = np.empty((*linear.shape[1:], 3), np.uint8)
    for channel, light in enumerate(linear):
        clipped = np.fmin(np.fmax(light, 0), 1)  # NaN becomes black, as in any cast
        cell = (clipped * CELLS).astype(np.intp)
        rgb[..., channel] = CELL_VALUE[cell] + (clipped >= NEXT[cell])
    return rgb


def _linear(rgb: np.ndarray) -> np.ndarray:
    """Convert 8-bit sRGB, (..., 3), to linear light, (3, ...)."""
    return LINEAR[np.moveaxis(rgb, -1, 0).astype(np.intp, order="C")]


def inverse_f(f: np.ndarray) -> np.ndarray:
    """Invert CIE Lab's f: X, Y or Z relative to white."""
    return np.where(f > DARK, f * f * f, (f - OFFSET) / SLOPE)


def f(xyz: np.ndarray) -> np.ndarray:
    """Compute the function f of CIE 15, from X, Y or Z relative to white."""
    return np.where(xyz > DARK_LIGHT, xyz ** np.float32(1 / 3), SLOPE * xyz + OFFSET)


def _weighted(weights: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """Sum three channels, (3, ...), with weights."""
    return weights[0] * channels[0] + weights[1] * channels[1] + weights[2] * channels[2]
