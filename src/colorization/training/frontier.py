"""Where a model's dial leads from faithful to vivid colours; fixed on validation images.

A network that predicts how likely each colour is leaves open which colour to show: `ColourDial`
takes a share of the loss's weighting, beta, and a temperature. More vivid colours are further off
on average, so the dial runs along the best there is, by this rule:

1. The faithful end is the beta and temperature with the highest mean PSNR.
2. The vivid end is as colourful as the photographs: the sum of Hasler and Süsstrunk's colourfulness
   over the images is theirs. Positions between are evenly spaced in colourfulness.
3. Of the betas that give a position's colourfulness at some temperature, the one with the highest
   mean PSNR is taken, but none greater than that of the position before, so that the way between
   positions leads from the one to the other.
4. The default is the most vivid position whose mean CIEDE2000 is no worse than that of the grey
   images; the faithful end, where none is.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from colorization.core.progress import progress
from colorization.dataset.examples import Examples
from colorization.imaging import colour_metrics, lab, similarity
from colorization.networks.dial import POSITIONS, Dialled

IMAGES = 128  # validation images, evenly spaced
AT_A_TIME = 8  # each in all ways
BETAS = np.linspace(1, 0, POSITIONS)
TEMPERATURES = np.geomspace(0.15, 1.2, 8)

Way = tuple[float, float]  # beta and temperature


def fix_dial(dialled: Dialled, validation: Examples) -> None:
    """Set the frontier of a trained network's dial by the rule above.

    Where all photographs are grey, nothing tells one way from another, and it stays as it is.

    Parameters
    ----------
    dialled : Dialled
        A trained model's.
    validation : Examples
    """
    chosen = np.linspace(0, len(validation) - 1, min(IMAGES, len(validation))).round().astype(int)
    some = validation.some(chosen.tolist())
    truths = sum(map(colour_metrics.colourfulness, some.images.rgb))
    if not truths:
        return
    ways = [(beta, temperature) for beta in BETAS for temperature in TEMPERATURES]
    measured = [
        [
            (similarity.psnr_rgb_db(truth, rgb), colour_metrics.colourfulness(rgb))
            for rgb in colorized
        ]
        for truth, colorized in _colorized(dialled, some, ways)
    ]
    psnr, colourfulness = np.moveaxis(np.array(measured), -1, 0)
    shape = (len(BETAS), len(TEMPERATURES))
    betas, temperatures = frontier(
        psnr.mean(axis=0, where=np.isfinite(psnr)).reshape(shape),
        (colourfulness.sum(axis=0) / truths).reshape(shape),
    )
    along = list(zip(betas, temperatures, strict=True))
    differences = np.array(
        [
            [_difference(truth, rgb) for rgb in (*colorized, _grey(truth))]
            for truth, colorized in _colorized(dialled, some, along)
        ]
    ).mean(axis=0)
    no_worse = np.flatnonzero(differences[:-1] <= differences[-1])
    default = max(no_worse, default=0) / (POSITIONS - 1)
    dialled.dial.set_frontier(betas, temperatures, default)


def frontier(psnr: np.ndarray, colourfulness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find beta and temperature at each position of the dial, by points 1 to 3 of the rule.

    Parameters
    ----------
    psnr, colourfulness : (len(BETAS), len(TEMPERATURES)) float arrays
        Mean PSNR in dB, and colourfulness over that of the photographs.

    Returns
    -------
    betas, temperatures : (POSITIONS,) float arrays
        Between the temperatures that were tried, their logarithm is interpolated.
    """
    # A sharper distribution has a more colourful mean. Where it has not, by a little, the
    # interpolation needs it all the same.
    rising = np.maximum.accumulate(colourfulness[:, ::-1], axis=1)
    psnr, cooling = psnr[:, ::-1], np.log(TEMPERATURES[::-1])
    faithful = rising.flat[np.argmax(psnr)]
    betas, temperatures = [], []
    first = 0  # betas fall, so this is the greatest that may still be taken
    for wanted in np.linspace(faithful, max(faithful, 1), POSITIONS):
        reached = rising[first:, -1] >= wanted
        worth = np.array([np.interp(wanted, *curve) for curve in zip(rising, psnr, strict=True)])
        usable = np.where(reached, worth[first:], -np.inf)
        first += int(np.argmax(usable if reached.any() else rising[first:, -1]))
        betas.append(BETAS[first])
        temperatures.append(np.exp(np.interp(wanted, rising[first], cooling)))
    return np.array(betas), np.array(temperatures)


def _colorized(
    dialled: Dialled, some: Examples, ways: Sequence[Way]
) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Each photograph, and what it looks like in each of several ways; (H, W, 3) uint8 sRGB."""
    starts = range(0, len(some), AT_A_TIME)
    for start in progress(starts, "fixing the dial", len(starts)):
        batch = slice(start, start + AT_A_TIME)
        logits = dialled.before.predict_on_batch(some.inputs(batch))
        ab = [dialled.ab_by(logits, *way) for way in ways]
        for index, truth in enumerate(some.images.rgb[batch]):
            L, _ = lab.rgb_to_lab(truth)
            yield truth, [lab.lab_to_rgb(L, each[index]) for each in ab]


def _difference(truth: np.ndarray, rgb: np.ndarray) -> float:
    """Mean CIEDE2000 of two images."""
    one, other = (lab.to_cie(*lab.rgb_to_lab(image)) for image in (truth, rgb))
    return colour_metrics.ciede2000_mean(one, other)


def _grey(rgb: np.ndarray) -> np.ndarray:
    return lab.lab_to_rgb(lab.rgb_to_lab(rgb)[0], np.zeros(2))
