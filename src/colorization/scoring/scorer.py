"""Scores a trained model on the test split, and colorizes sample images."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.color import lab
from colorization.color.reference import Reference
from colorization.core.progress import progress_bar
from colorization.dataset.examples import Examples, predict, predict_batch
from colorization.scoring.one_image import CHROMA_EDGES, score_prediction
from colorization.scoring.summary import GRAY, MODEL
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
        number of pixels in the photographs ("truth") and in the colorized images ("model").
    """

    rows: pd.DataFrame
    chroma: pd.DataFrame


def evaluate(model: keras.Model, test: Examples, trivial: TrivialScores, batch_size: int) -> Scored:
    """Colorize the test images and score them, in parallel.

    Predictions are compared with the photographs' exact pixels, not with the rounded cache.

    Parameters
    ----------
    model : keras.Model
    test : Examples
    trivial : TrivialScores
        The trivial baselines of the same images.
    batch_size : int
    """
    rows, histograms = [], np.zeros((2, len(CHROMA_EDGES) - 1), np.int64)
    rgb, small = test.images.rgb, trivial.small
    with (
        Parallel(n_jobs=-1) as parallel,
        progress_bar("evaluating images", len(test)) as bar,
    ):
        for start in range(0, len(test), batch_size):
            predicted = predict_batch(model, test.inputs(slice(start, start + batch_size)))
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
    return Scored(table, pd.DataFrame(chroma))


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


def best_and_worst(rows: pd.DataFrame, count: int) -> tuple[list[int], list[int]]:
    """Indices of the images that colorization improves most and least.

    The improvement is the decrease in CIEDE2000 from the gray to the colorized image. By the error
    of the colorized image alone, the best would be nearly gray photographs. No image is in both
    lists, so they are shorter if there are too few images.

    Parameters
    ----------
    rows : DataFrame
        As in `Scored.rows`.
    count : int
        Length of each list.
    """
    gain = rows[f"{GRAY}_ciede2000_mean"] - rows[f"{MODEL}_ciede2000_mean"]
    order = gain.sort_values(ascending=False, kind="stable").index.tolist()
    best = min(count, -(-len(order) // 2))
    worst = min(count, len(order) // 2)
    return order[:best], order[::-1][:worst]
