"""A trained model on the test split, beside the floors that need no model."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from colorization import lab
from colorization.examples import Examples, predict
from colorization.progress import progress
from colorization.scores import GRAY, MEAN_AB, MODEL, score


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


def evaluate(
    model: keras.Model,
    test: Examples,
    train_mean_ab: np.ndarray,
    batch_size: int,
) -> Iterator[tuple[dict, dict[str, Colorized]]]:
    """Colorize each test image by the model and by the floors, and score them.

    Parameters
    ----------
    model : keras.Model
    test : Examples
    train_mean_ab : (2,) float32 array
    batch_size : int

    Yields
    ------
    row : dict
        The image's name, and each metric of each colorizer under "colorizer_metric".
    colorized : dict of str to Colorized
        By colorizer.
    """
    images = test.images
    predictions = predict(model, test, batch_size)
    for index, ab in enumerate(progress(predictions, "evaluating images", len(test))):
        candidates = {
            MODEL: ab,
            GRAY: np.zeros_like(ab),
            MEAN_AB: np.full_like(ab, train_mean_ab),
        }
        row: dict = {"name": images.names[index]}
        colorized = {}
        for colorizer, candidate in candidates.items():
            rgb = lab.lab_to_rgb(images.L[index], candidate)
            colorized[colorizer] = Colorized(candidate, rgb)
            scored = score(images.rgb[index], images.ab[index], rgb, candidate)
            row |= {f"{colorizer}_{metric}": value for metric, value in scored.items()}
        yield row, colorized


def evenly_spaced(total: int, count: int) -> list[int]:
    """Indices of `count` of `total` images, evenly spaced: samples chosen by rule, not by taste."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)).tolist()
