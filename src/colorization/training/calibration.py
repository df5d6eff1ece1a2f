"""Calibrates the vividness of a trained network on validation images.

A network that predicts the probability of each color leaves open which color to choose.
`VividnessDecoder` chooses it by two numbers: a temperature, which sharpens, and beta. Less beta
than `rebalancing` tilts the distribution towards rare colors; the tilt is the difference. The rule,
over the validation images with a mean chroma of at least `MIN_CHROMA`:

1. At vividness 0: without tilt, the temperature of `SOFTENING` with the least squared error of ab.
   It is 1, which gives the mean of the colors by their probability, unless the network is too sure
   of its colors: a higher temperature softens their distribution.
2. At vividness 1: as colorful as the photographs; the sum of Hasler and Süsstrunk's colorfulness
   over the images equals that over the photographs. The points between are evenly spaced in
   colorfulness.
3. At the other points: of the tilts and temperatures that yield a point's colorfulness, those with
   the least mean CIEDE2000. Tilt may not fall, and temperature may not rise, from one point to the
   next, so that colors change monotonically.
4. The default is the most vivid of `DEFAULTS` at which at most `MAX_STAINS` of the pixels are
   stains and the mean CIEDE2000 is at most that of the gray images; 0 if none is within both
   limits.

PSNR is not used, since nearly gray photographs would dominate it: predicting gray reaches 50 dB and
more on them.
"""

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed
from scipy.ndimage import zoom

from colorization.color import color_metrics
from colorization.core.progress import progress
from colorization.dataset.examples import Examples, evenly_spaced
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel
from colorization.training.one_image import measure_colorizations

# Evenly spaced validation images: for the grid search, and for the default.
SEARCH_IMAGES, DEFAULT_IMAGES = 128, 1024
MIN_CHROMA = 2.0  # mean CIE chroma; grayer photographs tell nothing of colors
MAX_STAINS = 0.003  # share of the pixels
BATCH_SIZE = 8  # images, each in all decodings
TILTS = np.linspace(0, 1, OPERATING_POINTS)
TEMPERATURES = np.geomspace(1, 0.15, 8)
SOFTENING = (1.0, 1.15, 1.3, 1.5)  # temperatures at vividness 0
DEFAULTS = np.linspace(0, 1, 2 * OPERATING_POINTS - 1)  # the operating points, and those between
REFINEMENT = 10  # interpolated steps for each step of the grid
TOLERANCE = 0.01  # of colorfulness, as a share of the photographs'

Decoding = tuple[float, float]  # beta and temperature


def calibrate_vividness(adjustable: AdjustableModel, validation: Examples) -> None:
    """Set the operating points of a trained network by the rule above.

    If all photographs are nearly gray, nothing is changed.

    Parameters
    ----------
    adjustable : AdjustableModel
    validation : Examples
    """
    colorful = np.flatnonzero(validation.images.mean_chroma() >= MIN_CHROMA)
    if not len(colorful):
        return
    search, images = (
        colorful[evenly_spaced(len(colorful), count)] for count in (SEARCH_IMAGES, DEFAULT_IMAGES)
    )
    rebalancing = float(adjustable.decoder.rebalancing)
    softened = [(rebalancing, temperature) for temperature in SOFTENING]
    grid = [(rebalancing - tilt, float(t)) for tilt in TILTS for t in TEMPERATURES]
    difference, colorfulness, _, squared_error = (
        values[1:]  # without gray
        for values in _measure(adjustable, validation, search, [*softened, *grid]).mean(axis=0).T
    )
    rgb = validation.images.rgb
    colorfulness = colorfulness / np.mean([color_metrics.colorfulness(rgb[i]) for i in search])
    faithful = int(np.argmin(squared_error[: len(softened)]))
    of_grid, shape = slice(len(softened), None), (len(TILTS), len(TEMPERATURES))
    tilts, temperatures = operating_points(
        difference[of_grid].reshape(shape),
        colorfulness[of_grid].reshape(shape),
        SOFTENING[faithful],
        float(colorfulness[faithful]),
    )
    betas = rebalancing - tilts
    at_points = np.linspace(0, 1, OPERATING_POINTS)
    decodings = list(
        zip(*(np.interp(DEFAULTS, at_points, v) for v in (betas, temperatures)), strict=True)
    )
    difference, _, stains, _ = _measure(adjustable, validation, images, decodings).mean(axis=0).T
    default = default_vividness(stains[1:], difference)
    adjustable.decoder.set_operating_points(betas, temperatures, default)


def default_vividness(stains: np.ndarray, difference: np.ndarray) -> float:
    """The most vivid of `DEFAULTS` within the limits of point 4 of the rule.

    Parameters
    ----------
    stains : (len(DEFAULTS),) float array
        Share of the pixels that are stains.
    difference : (1 + len(DEFAULTS),) float array
        Mean CIEDE2000 of the gray images, and at each of them.
    """
    gray, *differences = difference
    within = np.flatnonzero((stains <= MAX_STAINS) & (np.array(differences) <= gray))
    return float(DEFAULTS[max(within, default=0)])


def operating_points(
    difference: np.ndarray,
    colorfulness: np.ndarray,
    first_temperature: float,
    first_colorfulness: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Find tilt and temperature at each operating point, by points 2 and 3 of the rule.

    Parameters
    ----------
    difference, colorfulness : (len(TILTS), len(TEMPERATURES)) float arrays
        Mean CIEDE2000, and colorfulness divided by that of the photographs.
    first_temperature, first_colorfulness : float
        Those at vividness 0.

    Returns
    -------
    tilts, temperatures : (OPERATING_POINTS,) float arrays
        From a finer grid, on which difference and colorfulness are interpolated.
    """
    difference, colorfulness = (_refine(values) for values in (difference, colorfulness))
    rows, columns = difference.shape
    row = column = 0
    path = []
    for target in np.linspace(first_colorfulness, max(first_colorfulness, 1), OPERATING_POINTS)[1:]:
        # Rows lead to more tilt, columns to lower temperatures.
        deviation = np.abs(colorfulness[row:, column:] - target)
        close = deviation <= max(TOLERANCE, deviation.min())
        candidates = np.where(close, difference[row:, column:], np.inf)
        step = np.unravel_index(np.argmin(candidates), candidates.shape)
        row, column = row + int(step[0]), column + int(step[1])
        path.append((row, column))
    tilts = np.linspace(TILTS[0], TILTS[-1], rows)
    temperatures = np.geomspace(TEMPERATURES[0], TEMPERATURES[-1], columns)
    indices = np.array(path)
    return (
        np.array([TILTS[0], *tilts[indices[:, 0]]]),
        np.array([first_temperature, *temperatures[indices[:, 1]]]),
    )


def _refine(values: np.ndarray) -> np.ndarray:
    """Interpolate linearly, with `REFINEMENT` steps for each step of `values`."""
    steps = [REFINEMENT * (length - 1) + 1 for length in values.shape]
    return zoom(values, np.divide(steps, values.shape), order=1)


def _measure(
    adjustable: AdjustableModel,
    examples: Examples,
    indices: np.ndarray,
    decodings: Sequence[Decoding],
) -> np.ndarray:
    """Measure N photographs in gray and in D decodings: (N, 1 + D, 4), as `Measured`."""
    starts = range(0, len(indices), BATCH_SIZE)
    measured = []
    with Parallel(n_jobs=-1) as parallel:
        for start in progress(starts, "calibrating vividness", len(starts)):
            batch = indices[start : start + BATCH_SIZE]
            logits = adjustable.logits(examples.inputs(batch))
            ab = np.stack(
                [adjustable.decode_with(logits, *decoding) for decoding in decodings], axis=1
            )
            measured += parallel(
                map(delayed(measure_colorizations), examples.images.rgb[batch], ab)
            )
    return np.array(measured)
