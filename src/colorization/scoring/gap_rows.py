"""Scores a model's best and last weights on photographs that it was, and was not, trained on."""

from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
import pandas as pd

from colorization.color import lab
from colorization.color.lab import chroma_of
from colorization.core.progress import progress_bar
from colorization.dataset.examples import Examples, predict_batch
from colorization.networks.vividness import AdjustableModel


def score_gap(
    models: dict[str, keras.Model],
    splits: Mapping[str, tuple[Examples, Sequence[int] | np.ndarray]],
    batch_size: int,
) -> pd.DataFrame:
    """Compute the squared error of each photograph, in inference mode.

    Of a network that predicts a distribution over colors, the color is the distribution's mean:
    what it has learned, whatever its operating point, which is chosen for the best weights alone.

    Parameters
    ----------
    models : dict of str to keras.Model
        By weights, "best" and "last".
    splits : dict of str to (Examples, sequence of int)
        By split, "train" and "test": its examples, and the indices of those to score, which are
        read a batch at a time.
    batch_size : int

    Returns
    -------
    DataFrame
        A row per photograph: "split", "name", "mean_chroma" (CIE), and "mse_ab_WEIGHTS", the mean
        squared error of ab against the exact pixels.
    """
    predictors = {weights: _predictor(model) for weights, model in models.items()}
    tables: list[pd.DataFrame] = []
    total = sum(len(chosen) for _, chosen in splits.values())
    with progress_bar("measuring the gap", total) as bar:
        for split, (examples, chosen) in splits.items():
            images = examples.images
            for start in range(0, len(chosen), batch_size):
                batch = np.asarray(chosen[start : start + batch_size])
                truth = lab.rgb_to_lab(images.rgb[batch])[1]
                columns = {
                    "split": split,
                    "name": [images.names[index] for index in batch],
                    "mean_chroma": chroma_of(truth).mean(axis=(1, 2), dtype=np.float64),
                }
                for weights, predict in predictors.items():
                    difference = predict(examples.inputs(batch)) - truth
                    squares = np.mean(difference**2, axis=(1, 2, 3), dtype=np.float64)
                    columns[f"mse_ab_{weights}"] = squares
                tables.append(pd.DataFrame(columns))
                bar.update(len(truth))
    return pd.concat(tables, ignore_index=True)


def _predictor(model: keras.Model) -> Callable[[list[np.ndarray]], np.ndarray]:
    """Return a function from a model's inputs to the mean color of each pixel, (N, H, W, 2)."""
    adjustable = AdjustableModel.of(model)
    if adjustable is None:
        return lambda inputs: predict_batch(model, inputs)
    return lambda inputs: adjustable.mean_ab(adjustable.logits(inputs))
