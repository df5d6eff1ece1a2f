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
BLOCK = 12_000  # pixels at a time, whose intermediate arrays stay in the CPU's cache

DARK, SLOPE, OFFSET = np.float32(cie.DARK), np.float32(cie.SLOPE), np.float32(cie.OFFSET)
# What X, Y and Z add to linear R, G and B, (3, 1) each.
_X, _Y, _Z = (np.linalg.inv(cie.XYZ_FROM_RGB) * cie.WHITE).T.astype(np.float32)[..., None]


def into_gamut(lab: np.ndarray) -> None:
    """Reduce chroma to the largest that sRGB shows at the same L* and hue.

    Parameters
    ----------
    lab : (N, 3) float32 array
        CIE L*, a*, b*; L* in 0..100. Changed in place, but for what is inside the gamut already.
    """
    beyond = np.empty(len(lab), bool)
    for start in range(0, len(lab), BLOCK):
        block = slice(start, start + BLOCK)
        beyond[block] = _excess(_rays(lab[block]), ALL).any(axis=0)
    outside = np.flatnonzero(beyond)
    for start in range(0, len(outside), BLOCK):
        some = outside[start : start + BLOCK]
        factor = _largest_factor(_rays(lab[some]))
        lab[some, 1] *= factor
        lab[some, 2] *= factor


def _rays(lab: np.ndarray) -> np.ndarray:
    """From grey to a colour, (6, N): f(Y); how f(X) and f(Z) differ from it; Y in R, G and B."""
    L, a, b = np.ascontiguousarray(lab.T)
    y = (np.clip(L, 0, 100) + 16) / np.float32(116)  # so that grey is inside, however L* is rounded
    return np.stack([y, a / np.float32(500), b / np.float32(-200), *(_Y * _light(y))])


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


def _excess(rays: np.ndarray, factor: np.ndarray | np.float32) -> np.ndarray:
    """Whether red, green and blue are too dark, and whether they are too bright: (6, N) bool."""
    y, to_x, to_z, *grey = rays
    X, Z = _light(y + factor * to_x), _light(y + factor * to_z)
    found = np.empty((6, len(y)), bool)
    for channel in range(3):
        linear = _X[channel] * X + grey[channel] + _Z[channel] * Z
        np.less(linear, BLACK, out=found[channel])
        np.greater(linear, WHITE, out=found[3 + channel])
    return found


def _light(f: np.ndarray) -> np.ndarray:
    """X, Y or Z, as a fraction of white's."""
    return np.where(f > DARK, f * f * f, (f - OFFSET) / SLOPE)
