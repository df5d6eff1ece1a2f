"""Builds the optimizer: Adam, its learning rate schedule, and a lower rate for an encoder."""

from collections.abc import Collection
from typing import Any

import keras
from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay, ExponentialDecay, LearningRateSchedule

from colorization.core.settings import Train


class MultiRateAdam(Adam):
    """Adam with a lower learning rate for some variables.

    Parameters
    ----------
    schedule : LearningRateSchedule
    variables : collection of Variable
        Those with the lower rate.
    multiplier : float
        Of their rate.
    """

    def __init__(
        self,
        schedule: LearningRateSchedule,
        variables: Collection[keras.Variable],
        multiplier: float,
    ) -> None:
        super().__init__(schedule, name="adam")
        self._multiplied = {id(variable) for variable in variables}
        self._multiplier = multiplier

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a variable, which may be given as the backend's own object."""
        own = self._trainable_variables[self._get_variable_index(variable)]
        multiplier = self._multiplier if id(own) in self._multiplied else 1.0
        super().update_step(gradient, variable, learning_rate * multiplier)


def build_optimizer(
    settings: Train, steps: int, encoder: keras.Model | None = None
) -> keras.optimizers.Optimizer:
    """Build the optimizer of a training.

    Parameters
    ----------
    settings : Train
    steps : int
        Number of steps of the training.
    encoder : keras.Model, optional
        The part to train at `encoder_lr_multiplier` times the learning rate.
    """
    rate = settings.learning_rate
    schedule: LearningRateSchedule = (
        CosineDecay(rate, steps)
        if settings.schedule == "cosine"
        else ExponentialDecay(rate, settings.decay_steps, settings.decay_rate)
    )
    if encoder is not None:
        multiplier = settings.encoder_lr_multiplier
        return MultiRateAdam(schedule, encoder.trainable_variables, multiplier)
    return Adam(schedule)
