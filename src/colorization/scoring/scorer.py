"""Score a trained model on the test split, and colorize some of its images."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.color import lab
from colorization.core.progress import progress_bar
from colorization.dataset.examples import Examples, predict, predict_batch
from colorization.scoring.one_image import CHROMA_EDGES, score_image
from colorization.scoring.summary import GRAY, MODEL
from colorization.scoring.trivial import TrivialScores


@dataclass(frozen=True)
class Scored:
    """The scores of the test split.

    Attributes
    ----------
    rows : DataFrame
        A row per image: the model's metrics under "model_metric", and the columns of
        `TrivialScores.rows`.
    chroma : DataFrame
        A histogram over all pixels, a row per bin of CIE chroma: its lower edge ("chroma"), and its
        number of pixels in the photographs ("truth") and in the model's images ("model").
    """

    rows: pd.DataFrame
    chroma: pd.DataFrame


def evaluate(model: keras.Model, test: Examples, trivial: TrivialScores, batch_size: int) -> Scored:
    """Colorize each test image with the model, and score it on all cores.

    Scores compare with the photographs' exact pixels, not with the rounded cache.

    Parameters
    ----------
    model : keras.Model
    test : Examples
    trivial : TrivialScores
        The trivial of the same images.
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
            compared = parallel(
                delayed(score_image)(
                    np.array(rgb[index]), ab, trivial.colors, np.array(small[index])
                )
                for index, ab in enumerate(predicted, start)
            )
            for row, histogram in compared:
                rows.append(row)
                histograms += histogram
            bar.update(len(predicted))
    scored = pd.DataFrame(rows).add_prefix(f"{MODEL}_")
    scored.insert(0, "name", test.images.names)
    chroma = {"chroma": CHROMA_EDGES[:-1], "truth": histograms[0], "model": histograms[1]}
    return Scored(
        scored.merge(trivial.rows, on="name", validate="one_to_one"), pd.DataFrame(chroma)
    )


def colorize(
    model: keras.Model, test: Examples, chosen: Sequence[int], batch_size: int
) -> dict[str, np.ndarray]:
    """Give some of the test images in gray, colorized and in their own colors.

    Parameters
    ----------
    model : keras.Model
    test : Examples
    chosen : sequence of int
    batch_size : int

    Returns
    -------
    dict of str to (S, H, W, 3) uint8 array
        The same images, keyed by "gray", "colorized" and "truth".
    """
    some = test.subset(chosen)
    truth = np.array(some.images.rgb)
    L = lab.rgb_to_lab(truth)[0]
    ab = np.array(list(predict(model, some, batch_size))).reshape(*truth.shape[:3], 2)
    return {
        "gray": lab.lab_to_rgb(L, np.zeros(2)),
        "colorized": lab.lab_to_rgb(L, ab),
        "truth": truth,
    }


def evenly_spaced(total: int, count: int) -> list[int]:
    """Indices of `count` of `total` images, evenly spaced: samples chosen by rule, not by taste."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)).tolist()


def best_and_worst(rows: pd.DataFrame, count: int) -> tuple[list[int], list[int]]:
    """Indices of the images that the model's colors improve most and least.

    The improvement is how far CIEDE2000 falls from the gray image to the model's. By the model's
    error alone, the best would be photographs that have hardly any color. No image is in both
    lists, so they are shorter where there are too few images.

    Parameters
    ----------
    rows : DataFrame
        As `evaluate` returns them.
    count : int
        Length of each list.
    """
    gain = rows[f"{GRAY}_ciede2000_mean"] - rows[f"{MODEL}_ciede2000_mean"]
    order = gain.sort_values(ascending=False, kind="stable").index.tolist()
    best = min(count, -(-len(order) // 2))
    worst = min(count, len(order) // 2)
    return order[:best], order[::-1][:worst]
