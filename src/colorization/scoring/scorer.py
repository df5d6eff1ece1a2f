"""Scores a trained model on the test split, and colorizes sample images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.color import lab
from colorization.core.progress import progress_bar
from colorization.dataset.examples import Examples, predict, predict_batch
from colorization.networks.vividness import AdjustableModel
from colorization.scoring.one_image import CHROMA_EDGES, score_prediction
from colorization.scoring.predictions import Predictions, block_means, reduced_ab
from colorization.scoring.reference import Reference
from colorization.scoring.summary import MODEL
from colorization.scoring.trivial import TrivialScores


@dataclass(frozen=True)
class Scored:
    """The scores of the test split.

    Attributes
    ----------
    rows : DataFrame
        A row per image: the model's metrics as "model_METRIC", and the columns of
        `TrivialScores.rows`.
    chroma : DataFrame
        Histogram over all pixels, a row per bin of CIE chroma: its lower edge ("chroma"), and its
        number of pixels in the photographs ("truth") and in the predictions ("model").
    predictions : Predictions
    deviation : float
        See `predictions.is_constant`.
    """

    rows: pd.DataFrame
    chroma: pd.DataFrame
    predictions: Predictions
    deviation: float


class _Moments:
    """Accumulates the mean of all pixels' ab and their mean square distance from it."""

    def __init__(self) -> None:
        self._pixels = 0
        self._sum = np.zeros(2)
        self._squares = 0.0

    def add(self, ab: np.ndarray) -> None:
        """Add (N, H, W, 2) values."""
        self._pixels += ab[..., 0].size
        self._sum += ab.sum(axis=(0, 1, 2), dtype=np.float64)
        self._squares += float(np.square(ab, dtype=np.float64).sum())

    @property
    def deviation(self) -> float:
        """Root mean square distance from the mean, in CIE units."""
        mean = self._sum / self._pixels
        variance = self._squares / self._pixels - float(mean @ mean)
        return math.sqrt(max(variance, 0.0)) * lab.AB_SCALE


def evaluate(
    model: keras.Model,
    test: Examples,
    trivial: TrivialScores,
    batch_size: int,
) -> Scored:
    """Colorize the test images and score them, in parallel.

    Predictions are compared with the photographs' exact pixels, not with the rounded cache.

    Parameters
    ----------
    model : keras.Model
        If its vividness is adjustable, it is scored at its default.
    test : Examples
    trivial : TrivialScores
        The trivial baselines of the same images.
    batch_size : int
    """
    adjustable = AdjustableModel.of(model)
    rows, histograms = [], np.zeros((2, len(CHROMA_EDGES) - 1), np.int64)
    rgb, small = test.images.rgb, trivial.small
    reduced, entropies, moments = [], [], _Moments()
    with (
        Parallel(n_jobs=-1) as parallel,
        progress_bar("evaluating images", len(test)) as bar,
    ):
        for start in range(0, len(test), batch_size):
            inputs = test.inputs(slice(start, start + batch_size))
            if adjustable:
                logits = adjustable.logits(inputs)
                predicted = adjustable.decode(logits, adjustable.default)
                entropies.append(block_means(adjustable.entropy(logits)[..., None])[..., 0])
            else:
                predicted = predict_batch(model, inputs)
            moments.add(predicted)
            reduced.append(reduced_ab(predicted))
            scored = parallel(
                delayed(score_prediction)(
                    Reference(np.array(rgb[index]), trivial.colors, np.array(small[index])), ab
                )
                for index, ab in enumerate(predicted, start)
            )
            for row, histogram in scored:
                rows.append(row)
                histograms += histogram
            bar.update(len(predicted))
    table = pd.DataFrame(rows).add_prefix(f"{MODEL}_")
    table.insert(0, "name", test.images.names)
    chroma = {"chroma": CHROMA_EDGES[:-1], "truth": histograms[0], "model": histograms[1]}
    table = table.merge(trivial.rows, on="name", validate="one_to_one")
    predictions = Predictions(
        np.concatenate(reduced),
        np.concatenate(entropies).astype(np.float16) if adjustable else None,
    )
    return Scored(table, pd.DataFrame(chroma), predictions, moments.deviation)


def colorize(
    model: keras.Model, test: Examples, indices: Sequence[int], batch_size: int
) -> dict[str, np.ndarray]:
    """Colorize some test images.

    Returns
    -------
    dict of str to (S, H, W, 3) uint8 array
        sRGB; the images in gray ("gray"), colorized ("colorized") and in true colors ("truth").
    """
    samples = test.subset(indices)
    truth = np.array(samples.images.rgb)
    L = lab.rgb_to_lab(truth)[0]
    ab = np.array(list(predict(model, samples, batch_size))).reshape(*truth.shape[:3], 2)
    return {
        "gray": lab.lab_to_rgb(L, np.zeros(2)),
        "colorized": lab.lab_to_rgb(L, ab),
        "truth": truth,
    }
