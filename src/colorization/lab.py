"""Between sRGB and the network's view of CIE Lab: L in, ab out."""

import warnings

import numpy as np
from skimage import color

L_SCALE = 50.0  # CIE L* spans 0..100, so L* / 50 - 1 spans [-1, 1]
AB_SCALE = 128.0  # sRGB's gamut spans a* -86..98 and b* -108..94, so ab / 128 stays inside (-1, 1)


def rgb_to_lab(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Convert sRGB images to the network's input and target.

    Parameters
    ----------
    rgb : (..., H, W, 3) uint8 array
        sRGB, D65.

    Returns
    -------
    L : (..., H, W, 1) float32 array
        CIE L* / 50 - 1, in [-1, 1].
    ab : (..., H, W, 2) float32 array
        CIE a*, b* / AB_SCALE, in (-1, 1).

    References
    ----------
    CIE 15:2004, section 8.2.1, as in skimage.color.rgb2lab (D65, 2 degree observer).
    """
    lab = color.rgb2lab(np.asarray(rgb, dtype=np.float32) / np.float32(255))
    return lab[..., :1] / np.float32(L_SCALE) - 1, lab[..., 1:] / np.float32(AB_SCALE)


def lab_to_rgb(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Join L with ab and convert to sRGB, clipped to its gamut; the inverse of `rgb_to_lab`.

    Parameters
    ----------
    L : (..., H, W, 1) float array
        CIE L* / 50 - 1.
    ab : (..., H, W, 2) float array
        CIE a*, b* / AB_SCALE.

    Returns
    -------
    (..., H, W, 3) uint8 array
        sRGB, D65.
    """
    L_star = (L.astype(np.float32) + 1) * np.float32(L_SCALE)
    ab_star = np.broadcast_to(ab, (*L.shape[:-1], 2)).astype(np.float32) * np.float32(AB_SCALE)
    with warnings.catch_warnings():
        # Lab points below black have a negative Z, which scikit-image clips and warns about.
        warnings.filterwarnings("ignore", message=".*negative Z values.*")
        rgb = color.lab2rgb(np.concatenate([L_star, ab_star], axis=-1))
    return np.rint(rgb * 255).astype(np.uint8)
