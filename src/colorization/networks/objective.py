"""Defines objectives: the target of a network, its loss, and how its output maps to ab."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import keras
import numpy as np

Array = TypeVar("Array")
Compare = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


@dataclass(frozen=True)
class Objective:
    """What a network learns to predict, and by which loss.

    Attributes
    ----------
    name : str
        The name in training.json.
    head : callable
        Maps the last features of a network to the network's output, by layers.
    target : callable
        Maps ab, (N, H, W, 2) float32 in [-1, 1], to the array that the network's output is
        compared with.
    loss : callable
        Maps targets and outputs to losses, as a loss function of Keras.
    squared_error : callable
        Maps targets and outputs to the squared error of their ab, at the target's size; comparable
        between objectives.
    to_ab : callable
        Maps the network's output to ab, (N, H, W, 2) in [-1, 1], by layers, which become part of
        the saved model. `to_ab` is called once and may create layers; `loss` and `squared_error`
        are called in every step and may not.
    adjustable : bool
        Whether `to_ab` also takes the vividness of the colors, (N, 1) in [0, 1].
    """

    name: str
    head: Callable[..., keras.KerasTensor]
    target: Callable[[np.ndarray], np.ndarray]
    loss: Compare
    squared_error: Compare
    to_ab: Callable[..., keras.KerasTensor]
    adjustable: bool = False


def _unchanged(ab: Array) -> Array:
    return ab


# The network's output is ab; it learns the mean of the plausible colors (section 2.2).
MSE = Objective(
    "mse",
    head=_unchanged,
    target=_unchanged,
    loss=keras.losses.mean_squared_error,
    squared_error=keras.losses.mean_squared_error,
    to_ab=_unchanged,
)
