"""Score one image, without Keras, so that worker processes start at once."""

import numpy as np

from colorization.color.statistics import ColorStatistics
from colorization.scoring.metrics import METRICS, score
from colorization.scoring.reference import Colorized, Reference, chroma_of
from colorization.scoring.vividness import KEYS

CHROMA_EDGES = np.arange(0, 184, 2.0)  # in CIE ab; sRGB reaches 134, a network 181


def score_image(
    rgb: np.ndarray, ab: np.ndarray, colors: ColorStatistics, small: np.ndarray
) -> tuple[dict[str, float | None], np.ndarray]:
    """Score one image, and count its pixels by chroma.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photograph, sRGB.
    ab : (H, W, 2) float32 array
        The prediction, CIE a*, b* / AB_SCALE.
    colors : ColorStatistics
        The colors of the training images.
    small : (H, W) bool array
        True on the photograph's small parts.

    Returns
    -------
    dict of str to float or None
        The scores, as `metrics.score` returns them.
    (2, len(CHROMA_EDGES) - 1) int array
        Number of pixels in each bin of chroma, of the photograph and of the prediction.
    """
    reference = Reference.prepare(rgb, colors, small)
    histograms = [np.histogram(chroma_of(each), CHROMA_EDGES)[0] for each in (reference.ab, ab)]
    return score(Colorized(reference, ab)), np.stack(histograms)


def score_decoded(
    rgb: np.ndarray, turned: np.ndarray, colors: ColorStatistics, small: np.ndarray
) -> np.ndarray:
    """Score one image at each position of a dial.

    Parameters
    ----------
    rgb, colors, small
        As of `score_image`.
    turned : (P, H, W, 2) float32 array
        The prediction at each position, CIE a*, b* / AB_SCALE.

    Returns
    -------
    (P, len(KEYS)) float array
        The metrics that `dial.KEYS` names.
    """
    reference = Reference.prepare(rgb, colors, small)
    measures = [metric.measure for key in KEYS for metric in METRICS if metric.key == key]
    images = [Colorized(reference, ab) for ab in turned]
    return np.array([[measure(image) for measure in measures] for image in images], float)
