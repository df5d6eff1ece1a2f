"""Calibrates the vividness of a trained network on validation images.

A network that predicts the probability of each color leaves open which color to choose.
`VividnessDecoder` chooses it by two numbers: beta, the share of the loss's weighting that it
undoes, and a temperature. On average, more vivid colors are further from the truth. So each
operating point takes the beta and temperature that are closest to the truth, by the rule below. In
it, "difference" is the mean CIEDE2000 over the images.

1. At vividness 0: the beta and temperature with the least difference.
2. At vividness 1: as colorful as the photographs; the sum of Hasler and Süsstrunk's colorfulness
   over the images equals that over the photographs. The points between are evenly spaced in
   colorfulness.
3. Of the betas and temperatures that yield a point's colorfulness, those with the least difference.
   Neither may be greater than at the previous point, so that colors change monotonically.
4. The default is the most vivid operating point whose difference is at most that of the gray
   images, or 0 if there is none.

PSNR is not used, since nearly gray photographs would dominate it: predicting gray reaches 50 dB and
more on them.
"""

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed
from scipy.ndimage import zoom

from colorization.color import color_metrics
from colorization.core.progress import progress
from colorization.dataset.examples import Examples, evenly_spaced, predict_batch
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel
from colorization.training.one_image import measure_colorizations

# Evenly spaced validation images: for the grid search, and for the default.
SEARCH_IMAGES, DEFAULT_IMAGES = 128, 1024
BATCH_SIZE = 8  # images, each in all decodings
BETAS = np.linspace(1, 0, OPERATING_POINTS)
TEMPERATURES = np.geomspace(1.2, 0.15, 8)
REFINEMENT = 10  # interpolated steps for each step of the grid
TOLERANCE = 0.01  # of colorfulness, as a share of the photographs'

Decoding = tuple[float, float]  # beta and temperature


def calibrate_vividness(adjustable: AdjustableModel, validation: Examples) -> None:
    """Set the operating points of a trained network by the rule above.

    If all photographs are gray, nothing is changed.

    Parameters
    ----------
    adjustable : AdjustableModel
    validation : Examples
    """
    search = validation.subset(evenly_spaced(len(validation), SEARCH_IMAGES))
    total_colorfulness = sum(map(color_metrics.colorfulness, search.images.rgb))
    if not total_colorfulness:
        return
    grid = [(beta, temperature) for beta in BETAS for temperature in TEMPERATURES]
    difference, colorfulness = _measure(adjustable, search, grid).mean(axis=0).T
    shape = (len(BETAS), len(TEMPERATURES))
    betas, temperatures = operating_points(
        difference[1:].reshape(shape),
        (colorfulness[1:] / (total_colorfulness / len(search))).reshape(shape),
    )
    points = list(zip(betas, temperatures, strict=True))
    images = validation.subset(evenly_spaced(len(validation), DEFAULT_IMAGES))
    gray, *differences = _measure(adjustable, images, points)[..., 0].mean(axis=0)
    no_worse = np.flatnonzero(np.array(differences) <= gray)
    default = max(no_worse, default=0) / (OPERATING_POINTS - 1)
    adjustable.decoder.set_operating_points(betas, temperatures, default)


def operating_points(
    difference: np.ndarray, colorfulness: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find beta and temperature at each operating point, by points 1 to 3 of the rule.

    Parameters
    ----------
    difference, colorfulness : (len(BETAS), len(TEMPERATURES)) float arrays
        Mean CIEDE2000, and colorfulness divided by that of the photographs.

    Returns
    -------
    betas, temperatures : (OPERATING_POINTS,) float arrays
        From a finer grid, on which difference and colorfulness are interpolated.
    """
    difference, colorfulness = (_refine(values) for values in (difference, colorfulness))
    rows, columns = difference.shape
    row, column = np.unravel_index(np.argmin(difference), difference.shape)
    lowest = colorfulness[row, column]
    path = [(row, column)]
    for target in np.linspace(lowest, max(lowest, 1), OPERATING_POINTS)[1:]:
        # Rows lead to lower betas, columns to lower temperatures.
        deviation = np.abs(colorfulness[row:, column:] - target)
        close = deviation <= max(TOLERANCE, deviation.min())
        candidates = np.where(close, difference[row:, column:], np.inf)
        step = np.unravel_index(np.argmin(candidates), candidates.shape)
        row, column = row + step[0], column + step[1]
        path.append((row, column))
    betas = np.linspace(BETAS[0], BETAS[-1], rows)
    temperatures = np.geomspace(TEMPERATURES[0], TEMPERATURES[-1], columns)
    indices = np.array(path)
    return betas[indices[:, 0]], temperatures[indices[:, 1]]


def _refine(values: np.ndarray) -> np.ndarray:
    """Interpolate linearly, with `REFINEMENT` steps for each step of `values`."""
    steps = [REFINEMENT * (length - 1) + 1 for length in values.shape]
    return zoom(values, np.divide(steps, values.shape), order=1)


def _measure(
    adjustable: AdjustableModel, examples: Examples, decodings: Sequence[Decoding]
) -> np.ndarray:
    """Measure each photograph in gray and in D decodings: (N, 1 + D, 2) CIEDE2000, colorfulness."""
    starts = range(0, len(examples), BATCH_SIZE)
    measured = []
    with Parallel(n_jobs=-1) as parallel:
        for start in progress(starts, "calibrating vividness", len(starts)):
            batch = slice(start, start + BATCH_SIZE)
            logits = predict_batch(adjustable.logits_model, examples.inputs(batch))
            ab = np.stack(
                [adjustable.decode_with(logits, *decoding) for decoding in decodings], axis=1
            )
            measured += parallel(
                map(delayed(measure_colorizations), examples.images.rgb[batch], ab)
            )
    return np.array(measured)
