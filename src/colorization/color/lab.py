"""Converts between sRGB and the networks' scaled CIE Lab: their input L and their output ab."""

import numpy as np
from numpy.typing import DTypeLike

from colorization.color import cie, gamut

L_SCALE = 50.0  # CIE L* spans 0..100, so L* / 50 - 1 spans [-1, 1]
AB_SCALE = 128.0  # sRGB's gamut spans a* -86..98 and b* -108..94, so ab / 128 stays inside (-1, 1)
CACHE_DTYPE = np.float16  # of L and ab in the cached arrays, on which networks are trained

BLOCK_PIXELS = 100_000  # smaller blocks make threads wait for each other


def rgb_to_lab(rgb: np.ndarray, dtype: DTypeLike = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Convert sRGB images to the network's input and target.

    Parameters
    ----------
    rgb : (..., H, W, 3) uint8 array
        sRGB, D65.
    dtype : dtype
        dtype of the result; the computation is in float32.

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
    shape = rgb.shape[:-1]
    pixels = rgb.reshape(-1, 3)
    L = np.empty((len(pixels), 1), dtype)
    ab = np.empty((len(pixels), 2), dtype)
    for start in range(0, len(pixels), BLOCK_PIXELS):
        block = slice(start, start + BLOCK_PIXELS)
        L_star, a_star, b_star = cie.rgb_to_lab(pixels[block])
        L[block, 0] = L_star / np.float32(L_SCALE) - 1
        ab[block, 0] = a_star / np.float32(AB_SCALE)
        ab[block, 1] = b_star / np.float32(AB_SCALE)
    return L.reshape(*shape, 1), ab.reshape(*shape, 2)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Compute L of sRGB images, the first array of `rgb_to_lab`.

    Parameters
    ----------
    rgb : (..., 3) uint8 array
        sRGB, D65.

    Returns
    -------
    (..., 1) float32 array
        CIE L* / 50 - 1, in [-1, 1].
    """
    pixels = rgb.reshape(-1, 3)
    L = np.empty((len(pixels), 1), np.float32)
    for start in range(0, len(pixels), BLOCK_PIXELS):
        block = slice(start, start + BLOCK_PIXELS)
        L[block, 0] = cie.luminance(pixels[block]) / np.float32(L_SCALE) - 1
    return L.reshape(*rgb.shape[:-1], 1)


def to_cie(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Convert a network's L and ab to CIE L*, a*, b*.

    Parameters
    ----------
    L : (..., H, W, 1) float array
        CIE L* / 50 - 1.
    ab : (..., H, W, 2) float array
        CIE a*, b* / AB_SCALE; broadcast to the shape of L.

    Returns
    -------
    (..., H, W, 3) float32 array
    """
    L_star = (L.astype(np.float32) + 1) * np.float32(L_SCALE)
    ab_star = np.broadcast_to(ab, (*L.shape[:-1], 2)).astype(np.float32) * np.float32(AB_SCALE)
    return np.concatenate([L_star, ab_star], axis=-1)


def lab_to_rgb(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Convert a network's L and ab to sRGB; the inverse of `rgb_to_lab`.

    Parameters
    ----------
    L : (..., H, W, 1) float array
        CIE L* / 50 - 1.
    ab : (..., H, W, 2) float array
        CIE a*, b* / AB_SCALE; broadcast to the shape of L. Colors outside sRGB's gamut are mapped
        into it; see `gamut`.

    Returns
    -------
    (..., H, W, 3) uint8 array
        sRGB, D65.
    """
    shape = L.shape[:-1]
    lightness = L.reshape(-1)
    colors = np.broadcast_to(ab, (*shape, 2)).reshape(-1, 2)
    rgb = np.empty((len(lightness), 3), np.uint8)
    for start in range(0, len(rgb), BLOCK_PIXELS):
        block = slice(start, start + BLOCK_PIXELS)
        lab = np.empty((3, len(rgb[block])), np.float32)
        lab[0] = (lightness[block].astype(np.float32) + 1) * np.float32(L_SCALE)
        lab[1:] = colors[block].T.astype(np.float32) * np.float32(AB_SCALE)
        rgb[block] = cie.linear_to_srgb(gamut.map_to_gamut(lab))
    return rgb.reshape(*shape, 3)


def chroma_of(ab: np.ndarray) -> np.ndarray:
    """CIE chroma of each pixel; for a difference of two ab, their distance.

    Parameters
    ----------
    ab : (..., 2) float array
        CIE a*, b* / AB_SCALE.
    """
    return np.hypot(ab[..., 0], ab[..., 1]) * AB_SCALE
