"""Between sRGB and the network's view of CIE Lab: L in, ab out."""

import numpy as np
from numpy.typing import DTypeLike

from colorization.imaging import cie, gamut
from colorization.imaging.strips import strips

L_SCALE = 50.0  # CIE L* spans 0..100, so L* / 50 - 1 spans [-1, 1]
AB_SCALE = 128.0  # sRGB's gamut spans a* -86..98 and b* -108..94, so ab / 128 stays inside (-1, 1)
CACHE_DTYPE = np.float16  # of L and ab in the cached arrays, which networks are trained on

LONGEST_LINE = 1 << 20  # px that are converted at a time; a part of a line may round otherwise
PIXELS_AT_A_TIME = 12_000  # intermediate arrays then stay in the CPU's cache


def rgb_to_lab(rgb: np.ndarray, dtype: DTypeLike = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Convert sRGB images to the network's input and target.

    Parameters
    ----------
    rgb : (..., H, W, 3) uint8 array
        sRGB, D65.
    dtype : dtype
        Of the result; computed in float32.

    Returns
    -------
    L : (..., H, W, 1) array
        CIE L* / 50 - 1, in [-1, 1].
    ab : (..., H, W, 2) array
        CIE a*, b* / AB_SCALE, in (-1, 1).

    References
    ----------
    CIE 15:2004, section 8.2.1; see `cie`.
    """
    *shape, width, _ = rgb.shape
    lines = rgb.reshape(-1, width, 3)
    L = np.empty((*lines.shape[:2], 1), dtype)
    ab = np.empty((*lines.shape[:2], 2), dtype)
    at_a_time = max(PIXELS_AT_A_TIME, min(width, LONGEST_LINE))
    for left, top, right, bottom in strips((width, len(lines)), at_a_time):
        block = slice(top, bottom), slice(left, right)
        lab = cie.rgb_to_lab(lines[block])
        # Channel by channel: NumPy is slow on inner loops of two.
        L[(*block, 0)] = lab[..., 0] / np.float32(L_SCALE) - 1
        ab[(*block, 0)] = lab[..., 1] / np.float32(AB_SCALE)
        ab[(*block, 1)] = lab[..., 2] / np.float32(AB_SCALE)
    return L.reshape(*shape, width, 1), ab.reshape(*shape, width, 2)


def to_cie(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Join the network's L and ab as CIE L*, a*, b*.

    Parameters
    ----------
    L : (..., H, W, 1) float array
        CIE L* / 50 - 1.
    ab : (..., H, W, 2) float array
        CIE a*, b* / AB_SCALE; broadcast over the pixels.

    Returns
    -------
    (..., H, W, 3) float32 array
    """
    L_star = (L.astype(np.float32) + 1) * np.float32(L_SCALE)
    ab_star = np.broadcast_to(ab, (*L.shape[:-1], 2)).astype(np.float32) * np.float32(AB_SCALE)
    return np.concatenate([L_star, ab_star], axis=-1)


def lab_to_rgb(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Join L with ab and convert to sRGB; the inverse of `rgb_to_lab`.

    Parameters
    ----------
    L : (..., H, W, 1) float array
        CIE L* / 50 - 1.
    ab : (..., H, W, 2) float array
        CIE a*, b* / AB_SCALE. What sRGB cannot show gets the largest chroma that it can, at the
        same L* and hue; see `gamut`.

    Returns
    -------
    (..., H, W, 3) uint8 array
        sRGB, D65.
    """
    lab = to_cie(L, ab)
    pixels = lab.reshape(-1, 3)
    gamut.into_gamut(pixels)
    rgb = np.empty(pixels.shape, np.uint8)
    for start in range(0, len(pixels), PIXELS_AT_A_TIME):
        block = slice(start, start + PIXELS_AT_A_TIME)
        rgb[block] = cie.lab_to_rgb(pixels[block])
    return rgb.reshape(lab.shape)
