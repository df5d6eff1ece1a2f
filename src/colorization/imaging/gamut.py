"""Colours that sRGB cannot show, made paler until it can: L* and hue stay.

To clip each channel by itself is simpler, but changes hue and L*: a colorized photograph would
lose its own L, which is all that is known of it for certain. On photographs, colours are then also
further from the true ones (benchmarks/gamut.py).

`colorize` and evaluation both use this: what is scored is the picture that is written.
"""

import numpy as np

from colorization.imaging import cie

# Linear light from half a step of 8 bits below black to half a step above white: what is rounded to
# 0..255 by itself. IEC 61966-2-1 gives the curve.
BLACK = np.float32(-0.5 / 255 / 12.92)
WHITE = np.float32(((255.5 / 255 + 0.055) / 1.055) ** 2.4)

ALL = np.float32(1)  # of the chroma
HALVINGS = 12  # of the factor that is looked for: a* and b* are then found to 0.05


def into_gamut(lab: np.ndarray) -> np.ndarray:
    """Reduce chroma to the largest that sRGB shows at the same L* and hue.

    Parameters
    ----------
    lab : (3, N) float32 array
        CIE L*, a*, b*; L* in 0..100. Changed in place, but for what is inside the gamut already.

    Returns
    -------
    (3, N) float32 array
        Linear light of red, green and blue, at most half a step of 8 bits beyond 0 and 1.
    """
    rays = _rays(lab)
    linear = _linear(rays, ALL)
    outside = np.flatnonzero((linear.min(axis=0) < BLACK) | (linear.max(axis=0) > WHITE))
    if len(outside):
        some = rays[:, outside]
        factor = _largest_factor(some)
        lab[1:, outside] *= factor
        linear[:, outside] = _linear(some, factor)
    return linear


def _rays(lab: np.ndarray) -> np.ndarray:
    """From grey to a colour, (6, N): f(Y); how f(X) and f(Z) differ from it; Y in R, G and B."""
    L, a, b = lab
    rays = np.empty((6, len(L)), np.float32)
    y = (np.clip(L, 0, 100) + 16) / np.float32(116)  # so that grey is inside, however L* is rounded
    rays[0] = y
    np.multiply(a, np.float32(1 / 500), out=rays[1])
    np.multiply(b, np.float32(-1 / 200), out=rays[2])
    np.multiply(cie.TO_RGB[:, 1:2], cie.light(y), out=rays[3:])
    return rays


def _largest_factor(rays: np.ndarray) -> np.ndarray:
    """The largest factor on a* and b* that leads into the gamut, (N,), by bisection.

    On the way to grey, each channel that exceeds one of its ends comes back once. Where it has done
    so another may exceed its own, as red does in bright yellows: from there the search goes on.
    """
    factor = np.ones(rays.shape[1], np.float32)
    left = np.arange(len(factor))
    while len(left):
        some, step = rays[:, left], factor[left]
        excess = _excess(some, step)
        inside = np.zeros_like(step)
        for _ in range(HALVINGS):
            step /= 2
            still = excess & _excess(some, inside + step)
            inside += np.where(still.any(axis=0), 0, step)
        factor[left] = inside
        left = left[_excess(some, inside).any(axis=0)]
    return factor


def _excess(rays: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Whether red, green and blue are too dark, and whether they are too bright: (6, N) bool."""
    linear = _linear(rays, factor)
    return np.concatenate([linear < BLACK, linear > WHITE])


def _linear(rays: np.ndarray, factor: np.ndarray | np.float32) -> np.ndarray:
    """Linear light of red, green and blue, (3, N), so far along the rays."""
    y, to_x, to_z, *grey = rays
    X, Z = cie.light(y + factor * to_x), cie.light(y + factor * to_z)
    linear = np.empty((3, len(y)), np.float32)
    for channel, (of_X, _, of_Z) in enumerate(cie.TO_RGB):
        np.add(of_X * X, of_Z * Z, out=linear[channel])
        linear[channel] += grey[channel]
    return linear
