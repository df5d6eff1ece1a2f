"""Score one image, without Keras, so that worker processes start at once."""

from collections.abc import Iterable, Sequence

import numpy as np

from colorization.color.lab import chroma_of
from colorization.scoring.metrics import ImageScores, score
from colorization.scoring.reference import Colorized, Reference

CHROMA_EDGES = np.arange(0, 184, 2.0)  # in CIE ab; sRGB reaches 134, a network 181


def score_colorizations(
    reference: Reference, colorizations: Iterable[np.ndarray], keys: Sequence[str] | None = None
) -> list[ImageScores]:
    """Score several colorizations of one photograph.

    Parameters
    ----------
    reference : Reference
    colorizations : iterable of (H, W, 2) float32 arrays
        CIE a*, b* / AB_SCALE.
    keys : sequence of str, optional
        The metrics to compute; all by default.

    Returns
    -------
    list of dict
        As `metrics.score` returns them.
    """
    return [score(Colorized(reference, ab), keys) for ab in colorizations]


def chroma_histograms(reference: Reference, ab: np.ndarray) -> np.ndarray:
    """Count pixels by chroma, in the photograph and in the prediction: (2, bins) int."""
    pair = (reference.ab, ab)
    return np.stack([np.histogram(chroma_of(image), CHROMA_EDGES)[0] for image in pair])


def score_prediction(reference: Reference, ab: np.ndarray) -> tuple[ImageScores, np.ndarray]:
    """Scores and chroma histograms of one prediction."""
    (scores,) = score_colorizations(reference, [ab])
    return scores, chroma_histograms(reference, ab)
