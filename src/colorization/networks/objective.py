"""What a network learns: the target that it is compared with, and how ab follow from its output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import keras
import numpy as np

Array = TypeVar("Array")
Compare = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


@dataclass(frozen=True)
class Objective:
    """What a network learns.

    Attributes
    ----------
    name : str
        As training.json tells it.
    head : callable
        From what a variant's network ends in to the network's output, by layers.
    target : callable
        From ab, (N, H, W, 2) float32 in [-1, 1], to the array that the network's output is
        compared with.
    loss : callable
        Of targets and outputs, as Keras takes it.
    squared_error : callable
        Of targets and outputs: the squared error of the ab that both stand for, for the curves by
        which variants of any objective compare.
    to_ab : callable
        From the network's output to ab, (N, H, W, 2) in [-1, 1], by layers. The saved model ends in
        it, so that nothing but training knows of objectives. It is called once, loss and
        squared_error in every step: they make no layers.
    dial : bool
        Whether `to_ab` takes how vivid the colours are to be beside the output: (N, 1) in [0, 1].
    """

    name: str
    head: Callable[[keras.KerasTensor], keras.KerasTensor]
    target: Callable[[np.ndarray], np.ndarray]
    loss: Compare
    squared_error: Compare
    to_ab: Callable[..., keras.KerasTensor]
    dial: bool = False


def _unchanged(ab: Array) -> Array:
    return ab


# The network's output is ab, and it learns the mean of what is plausible (section 2.5).
MSE = Objective(
    "mse",
    head=_unchanged,
    target=_unchanged,
    loss=keras.losses.mean_squared_error,
    squared_error=keras.losses.mean_squared_error,
    to_ab=_unchanged,
)
