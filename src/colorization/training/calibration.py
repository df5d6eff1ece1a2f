"""Fix a model's dial, from faithful to vivid colors, on validation images.

A network that predicts how likely each color is leaves open which color to show. `VividnessDecoder`
chooses it by two numbers: beta, the share of the loss's weighting that it undoes, and a
temperature. More vivid colors are further from the truth on average. So each position of the dial
takes the beta and temperature that are closest to the truth, by the rule below. In it, "difference"
is the mean CIEDE2000 over the images.

1. The faithful end is the beta and temperature with the least difference.
2. The vivid end is as colorful as the photographs: the sum of Hasler and Süsstrunk's colorfulness
   over the images equals that over the photographs. The positions between are evenly spaced in
   colorfulness.
3. Of the betas and temperatures that give a position's colorfulness, the rule takes those with the
   least difference. Neither may be greater than at the position before, so that the dial leads
   steadily from one position to the next.
4. The default is the most vivid position whose difference is at most that of the gray images, or
   the faithful end if there is no such position.

The rule does not use PSNR, because photographs that are nearly gray would decide it: a gray answer
meets them almost exactly, at 50 dB and more, and so dominates the mean.
"""

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed
from scipy.ndimage import zoom

from colorization.color import color_metrics
from colorization.core.progress import progress
from colorization.dataset.examples import Examples, evenly_spaced
from colorization.networks.vividness import POSITIONS, AdjustableModel
from colorization.training.one_image import measure_colorizations

# Evenly spaced validation images: to try all ways, and to measure the chosen positions.
IMAGES, MORE_IMAGES = 128, 1024
AT_A_TIME = 8  # images, each in all ways
BETAS = np.linspace(1, 0, POSITIONS)
TEMPERATURES = np.geomspace(1.2, 0.15, 8)
FINER = 10  # interpolated steps for each step between those
CLOSE = 0.01  # tolerance of colorfulness, as a share of the photographs'

Way = tuple[float, float]  # beta and temperature


def calibrate_vividness(adjustable: AdjustableModel, validation: Examples) -> None:
    """Set the frontier of a trained network's dial by the rule above.

    If all photographs are gray, no way is better than another, and the dial stays as it is.

    Parameters
    ----------
    adjustable : AdjustableModel
        A trained model with its dial.
    validation : Examples
    """
    some = validation.some(evenly_spaced(len(validation), IMAGES))
    truths = sum(map(color_metrics.colorfulness, some.images.rgb))
    if not truths:
        return
    ways = [(beta, temperature) for beta in BETAS for temperature in TEMPERATURES]
    differences, colorfulness = _measured(adjustable, some, ways).mean(axis=0).T
    shape = (len(BETAS), len(TEMPERATURES))
    of_photographs = truths / len(some)
    betas, temperatures = frontier(
        differences[1:].reshape(shape), (colorfulness[1:] / of_photographs).reshape(shape)
    )
    along = list(zip(betas, temperatures, strict=True))
    more = validation.some(evenly_spaced(len(validation), MORE_IMAGES))
    gray, *positions = _measured(adjustable, more, along)[..., 0].mean(axis=0)
    no_worse = np.flatnonzero(np.array(positions) <= gray)
    default = max(no_worse, default=0) / (POSITIONS - 1)
    adjustable.dial.set_frontier(betas, temperatures, default)


def frontier(difference: np.ndarray, colorfulness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find beta and temperature at each position of the dial, by points 1 to 3 of the rule.

    Parameters
    ----------
    difference, colorfulness : (len(BETAS), len(TEMPERATURES)) float arrays
        Mean CIEDE2000, and colorfulness divided by that of the photographs.

    Returns
    -------
    betas, temperatures : (POSITIONS,) float arrays
        Taken from a finer grid, on which difference and colorfulness are interpolated.
    """
    difference, colorfulness = (_finer(values) for values in (difference, colorfulness))
    rows, columns = difference.shape
    row, column = np.unravel_index(np.argmin(difference), difference.shape)
    faithful = colorfulness[row, column]
    path = [(row, column)]
    for wanted in np.linspace(faithful, max(faithful, 1), POSITIONS)[1:]:
        # Rows lead to lower betas, columns to lower temperatures.
        off = np.abs(colorfulness[row:, column:] - wanted)
        there = np.where(off <= max(CLOSE, off.min()), difference[row:, column:], np.inf)
        further = np.unravel_index(np.argmin(there), there.shape)
        row, column = row + further[0], column + further[1]
        path.append((row, column))
    betas = np.linspace(BETAS[0], BETAS[-1], rows)
    temperatures = np.geomspace(TEMPERATURES[0], TEMPERATURES[-1], columns)
    chosen = np.array(path)
    return betas[chosen[:, 0]], temperatures[chosen[:, 1]]


def _finer(values: np.ndarray) -> np.ndarray:
    """Interpolate linearly, with `FINER` steps for each step of `values`."""
    steps = [FINER * (length - 1) + 1 for length in values.shape]
    return zoom(values, np.divide(steps, values.shape), order=1)


def _measured(adjustable: AdjustableModel, some: Examples, ways: Sequence[Way]) -> np.ndarray:
    """CIEDE2000 and colorfulness of each photograph in gray and in several ways: (N, 1 + W, 2)."""
    starts = range(0, len(some), AT_A_TIME)
    measured = []
    with Parallel(n_jobs=-1) as parallel:
        for start in progress(starts, "fixing the dial", len(starts)):
            batch = slice(start, start + AT_A_TIME)
            logits = adjustable.before.predict_on_batch(some.inputs(batch))
            ab = np.stack([adjustable.ab_by(logits, *way) for way in ways], axis=1)
            measured += parallel(map(delayed(measure_colorizations), some.images.rgb[batch], ab))
    return np.array(measured)
