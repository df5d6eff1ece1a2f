"""Scoring one colorized image; needs no Keras, so that each process that does it starts at once."""

import numpy as np

from colorization.dataset.colours import Colours
from colorization.scoring.metrics import score
from colorization.scoring.reference import Colorized, Reference, chroma_of

CHROMA_EDGES = np.arange(0, 184, 2.0)  # CIE ab; sRGB's ends at 134, a network's at 181


def score_image(
    rgb: np.ndarray, ab: np.ndarray, colours: Colours, small: np.ndarray
) -> tuple[dict[str, float | None], np.ndarray]:
    """Score one image, and count its pixels by chroma.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photograph, sRGB.
    ab : (H, W, 2) float32 array
        As predicted, CIE a*, b* / AB_SCALE.
    colours : Colours
        Of the training images.
    small : (H, W) bool array
        Where its small parts are.

    Returns
    -------
    dict of str to float or None
        As `metrics.score` returns it.
    (2, len(CHROMA_EDGES) - 1) int array
        Pixels by bin, of the photograph and of the prediction.
    """
    reference = Reference.prepare(rgb, colours, small)
    histograms = [np.histogram(chroma_of(each), CHROMA_EDGES)[0] for each in (reference.ab, ab)]
    return score(Colorized(reference, ab)), np.stack(histograms)
