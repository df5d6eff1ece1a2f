"""Makes colors that sRGB cannot show paler until it can; their L* and hue stay.

Clipping each channel separately is simpler, but changes hue and L*: a colorized photograph would
lose its own L, the only thing known about it for certain. On photographs, clipped colors are also
further from the true ones (benchmarks/gamut.py).

`colorize` and evaluation both use this module, so the scored picture is the one that is written.
"""

import numpy as np

from colorization.color import cie

# Linear light half an 8-bit step below black and half a step above white: rounding brings all
# between them to 0..255. The curve is that of IEC 61966-2-1.
BLACK = np.float32(-0.5 / 255 / 12.92)
WHITE = np.float32(((255.5 / 255 + 0.055) / 1.055) ** 2.4)

ALL = np.float32(1)  # the factor that keeps all chroma
HALVINGS = 12  # of the factor's interval: chroma is then exact to a 4096th of what it was


def map_to_gamut(lab: np.ndarray) -> np.ndarray:
    """Reduce chroma to the largest that sRGB shows at the same L* and hue.

    Parameters
    ----------
    lab : (3, N) float32 array
        CIE L*, a*, b*; L* in 0..100. ColorStatistics outside the gamut are changed in place.

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
    """From gray to a color, (6, N): f(Y); f(X) - f(Y); f(Z) - f(Y); Y's part of R, G and B."""
    L, a, b = lab
    rays = np.empty((6, len(L)), np.float32)
    y = (np.clip(L, 0, 100) + 16) / np.float32(116)  # gray stays inside, however L* was rounded
    rays[0] = y
    np.multiply(a, np.float32(1 / 500), out=rays[1])
    np.multiply(b, np.float32(-1 / 200), out=rays[2])
    np.multiply(cie.TO_RGB[:, 1:2], cie.light(y), out=rays[3:])
    return rays


def _largest_factor(rays: np.ndarray) -> np.ndarray:
    """The largest factor for a* and b* that gives a color inside the gamut, (N,), by bisection.

    On the way to gray, each channel that is out of range comes back into it once. At that point
    another channel may be out of range, as red is in bright yellows: the search then goes on from
    there.
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
    """Linear light of red, green and blue, (3, N), for a* and b* multiplied by a factor."""
    y, to_x, to_z, *gray = rays
    X, Z = cie.light(y + factor * to_x), cie.light(y + factor * to_z)
    linear = np.empty((3, len(y)), np.float32)
    for channel, (of_X, _, of_Z) in enumerate(cie.TO_RGB):
        np.add(of_X * X, of_Z * Z, out=linear[channel])
        linear[channel] += gray[channel]
    return linear
