"""A trained model on the test split, beside the floors that need no model."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from colorization import lab, metrics
from colorization.arrays import LabArrays
from colorization.metrics import GRAY, MEAN_AB, MODEL
from colorization.progress import progress


@dataclass(frozen=True)
class Colorized:
    """One image as a colorizer gives it back.

    Attributes
    ----------
    ab : (H, W, 2) float32 array
    rgb : (H, W, 3) uint8 array
    """

    ab: np.ndarray
    rgb: np.ndarray


def mean_ab(ab: np.ndarray) -> np.ndarray:
    """Mean ab over all pixels of a set of images.

    Parameters
    ----------
    ab : (N, H, W, 2) float array

    Returns
    -------
    (2,) float32 array
    """
    sums = sum(image.sum(axis=(0, 1), dtype=np.float64) for image in ab)
    return np.asarray(sums / (ab.shape[0] * ab.shape[1] * ab.shape[2]), dtype=np.float32)


def predict(
    model: keras.Model, L: np.ndarray, embeddings: np.ndarray, batch_size: int
) -> Iterator[np.ndarray]:
    """Predict ab image by image, computing a batch at a time.

    Parameters
    ----------
    model : keras.Model
    L : (N, H, W, 1) float array
    embeddings : (N, 1000) float32 array
    batch_size : int

    Yields
    ------
    (H, W, 2) float32 array
    """
    for start in range(0, len(L), batch_size):
        part = slice(start, start + batch_size)
        yield from model.predict_on_batch([L[part].astype(np.float32), embeddings[part]])


def evaluate(
    model: keras.Model,
    test: LabArrays,
    embeddings: np.ndarray,
    train_mean_ab: np.ndarray,
    batch_size: int,
) -> Iterator[tuple[dict, dict[str, Colorized]]]:
    """Colorize each test image by the model and by the floors, and score them.

    Parameters
    ----------
    model : keras.Model
    test : LabArrays
    embeddings : (N, 1000) float32 array
    train_mean_ab : (2,) float32 array
    batch_size : int

    Yields
    ------
    row : dict
        The image's name, and each metric of each colorizer under "colorizer_metric".
    colorized : dict of str to Colorized
        By colorizer.
    """
    predictions = predict(model, test.L, embeddings, batch_size)
    for index, ab in enumerate(progress(predictions, "evaluating images", len(test.L))):
        candidates = {
            MODEL: ab,
            GRAY: np.zeros_like(ab),
            MEAN_AB: np.full_like(ab, train_mean_ab),
        }
        row: dict = {"name": test.names[index]}
        colorized = {}
        for colorizer, candidate in candidates.items():
            rgb = lab.lab_to_rgb(test.L[index], candidate)
            colorized[colorizer] = Colorized(candidate, rgb)
            scores = metrics.score(test.rgb[index], test.ab[index], rgb, candidate)
            row |= {f"{colorizer}_{metric}": value for metric, value in scores.items()}
        yield row, colorized


def evenly_spaced(total: int, count: int) -> list[int]:
    """Indices of `count` of `total` images, evenly spaced: samples chosen by rule, not by taste."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)).tolist()
