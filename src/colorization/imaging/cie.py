"""Between sRGB, linear light and CIE Lab, in float32, and with NumPy alone.

The formulas and constants are those of scikit-image's `color`, with which a test compares. That is
not used itself: who only colorizes photographs then needs neither it nor SciPy, half of what would
have to be installed. Besides, a channel of sRGB has 256 values: a table is faster than a power.

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
# Of CIE Lab: below, the cube root gives way to a line.
DARK_LIGHT, DARK, SLOPE, OFFSET = 0.008856, 0.2068966, 7.787, 16 / 116


def _expand(srgb: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values in [0, 1]."""
    return np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)


def _compress(light: np.ndarray) -> np.ndarray:
    """Values of sRGB of linear light, in [0, 1]."""
    with np.errstate(invalid="ignore"):  # powers of what lies below black, which is not taken
        bright = 1.055 * light ** np.float32(1 / 2.4) - 0.055
    return np.clip(np.where(light > 0.0031308, bright, light * 12.92), 0, 1)


LINEAR = _expand(np.arange(256, dtype=np.float32) / 255)  # of each 8-bit value
_TO_XYZ = XYZ_FROM_RGB.T.astype(np.float32)
_TO_RGB = np.linalg.inv(XYZ_FROM_RGB).T.astype(np.float32)


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB to CIE Lab.

    Parameters
    ----------
    rgb : (..., 3) uint8 array

    Returns
    -------
    (..., 3) float32 array
        CIE L*, a*, b*.
    """
    xyz = LINEAR[rgb] @ _TO_XYZ / WHITE.astype(np.float32)
    x, y, z = np.moveaxis(
        np.where(xyz > DARK_LIGHT, np.cbrt(xyz), SLOPE * xyz + np.float32(OFFSET)), -1, 0
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """Convert CIE Lab to sRGB.

    Parameters
    ----------
    lab : (..., 3) float32 array
        CIE L*, a*, b*.

    Returns
    -------
    (..., 3) uint8 array
        What sRGB cannot show is clipped, channel by channel; see `gamut`.
    """
    L, a, b = np.moveaxis(lab, -1, 0)
    y = (L + 16) / 116
    f = np.stack([a / 500 + y, y, np.maximum(y - b / 200, 0)], axis=-1)
    xyz = np.where(f > DARK, f ** np.float32(3), (f - np.float32(OFFSET)) / np.float32(SLOPE))
    light = (xyz * WHITE).astype(np.float32) @ _TO_RGB
    return np.rint(_compress(light) * 255).astype(np.uint8)
