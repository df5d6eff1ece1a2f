"""Maps colors into sRGB's gamut: reduces their chroma, and keeps L* and hue.

Clipping each channel is simpler, but changes hue and L*, so that a colorized photograph would lose
its own L. On photographs, clipped colors are also further from the true ones (benchmarks/gamut.py).

`colorize` and evaluation both use this module, so the scored image is the one that is written.
"""

import numpy as np

from colorization.color import cie

# Linear light half an 8-bit step below black and above white: all between is rounded to 0..255.
# The curve is that of IEC 61966-2-1.
BLACK = np.float32(-0.5 / 255 / 12.92)
WHITE = np.float32(((255.5 / 255 + 0.055) / 1.055) ** 2.4)

UNCHANGED = np.float32(1)  # the factor that keeps all chroma
HALVINGS = 12  # of the factor's interval; the error of chroma is then at most a 4096th of it


def map_to_gamut(lab: np.ndarray) -> np.ndarray:
    """Reduce chroma, where necessary, to the largest in sRGB's gamut at the same L* and hue.

    Parameters
    ----------
    lab : (3, N) float32 array
        CIE L*, a*, b*; L* in 0..100. Colors outside the gamut are changed in place.

    Returns
    -------
    (3, N) float32 array
        Linear red, green and blue, at most half an 8-bit step outside [0, 1].
    """
    rays = _rays(lab)
    linear = _linear(rays, UNCHANGED)
    outside = np.flatnonzero((linear.min(axis=0) < BLACK) | (linear.max(axis=0) > WHITE))
    if len(outside):
        rays_outside = rays[:, outside]
        factor = _largest_factor(rays_outside)
        lab[1:, outside] *= factor
        linear[:, outside] = _linear(rays_outside, factor)
    return linear


def _rays(lab: np.ndarray) -> np.ndarray:
    """Describe the lines from gray to the colors, (6, N).

    The rows are f(Y), f(X) - f(Y), f(Z) - f(Y), and Y's part of linear red, green and blue.
    """
    L, a, b = lab
    rays = np.empty((6, len(L)), np.float32)
    y = (np.clip(L, 0, 100) + 16) / np.float32(116)  # keeps gray inside despite rounding
    rays[0] = y
    np.multiply(a, np.float32(1 / 500), out=rays[1])
    np.multiply(b, np.float32(-1 / 200), out=rays[2])
    np.multiply(cie.TO_RGB[:, 1:2], cie.inverse_f(y), out=rays[3:])
    return rays


def _largest_factor(rays: np.ndarray) -> np.ndarray:
    """Find the largest factor of a* and b* inside the gamut, (N,), by bisection.

    Towards gray, each channel that is out of range enters it once. At that point another channel
    may be out of range, such as red in bright yellows: the search then continues from there.
    """
    factor = np.ones(rays.shape[1], np.float32)
    remaining = np.arange(len(factor))
    while len(remaining):
        active, step = rays[:, remaining], factor[remaining]
        excess = _excess(active, step)
        inside = np.zeros_like(step)
        for _ in range(HALVINGS):
            step /= 2
            outside = excess & _excess(active, inside + step)
            inside += np.where(outside.any(axis=0), 0, step)
        factor[remaining] = inside
        remaining = remaining[_excess(active, inside).any(axis=0)]
    return factor


def _excess(rays: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Whether red, green and blue are too dark, and whether too bright, (6, N) bool."""
    linear = _linear(rays, factor)
    return np.concatenate([linear < BLACK, linear > WHITE])


def _linear(rays: np.ndarray, factor: np.ndarray | np.float32) -> np.ndarray:
    """Compute linear red, green and blue, (3, N), for a* and b* multiplied by a factor."""
    y, to_x, to_z, *gray = rays
    X, Z = cie.inverse_f(y + factor * to_x), cie.inverse_f(y + factor * to_z)
    linear = np.empty((3, len(y)), np.float32)
    for channel, (of_X, _, of_Z) in enumerate(cie.TO_RGB):
        np.add(of_X * X, of_Z * Z, out=linear[channel])
        linear[channel] += gray[channel]
    return linear
