"""The optimizer: Adam, its learning rate over time, and a slower rate for an encoder."""

from collections.abc import Collection
from typing import Any

import keras
from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay, ExponentialDecay, LearningRateSchedule

from colorization.core.settings import Train


class SlowerAdam(Adam):
    """Adam that moves some variables at a fraction of the learning rate.

    Parameters
    ----------
    schedule : LearningRateSchedule
    slower : collection of Variable
    fraction : float
    """

    def __init__(
        self,
        schedule: LearningRateSchedule,
        slower: Collection[keras.Variable],
        fraction: float,
    ) -> None:
        super().__init__(schedule, name="adam")
        self._slower = {id(variable) for variable in slower}
        self._fraction = fraction

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a variable, which may be given as the backend's own object."""
        known = self._trainable_variables[self._get_variable_index(variable)]
        fraction = self._fraction if id(known) in self._slower else 1.0
        super().update_step(gradient, variable, learning_rate * fraction)


def build_optimizer(
    settings: Train, steps: int, encoder: keras.Model | None = None
) -> keras.optimizers.Optimizer:
    """Build the optimizer of a training.

    Parameters
    ----------
    settings : Train
    steps : int
        Number of steps of the whole training.
    encoder : keras.Model, optional
        The part that is trained at `encoder_lr_multiplier` times the learning rate, where the settings have
        such a rate.
    """
    if isinstance(settings, Classification):
        schedule = CosineDecay(settings.learning_rate, steps)
        if encoder is not None and settings.encoder_lr_multiplier:
            return SlowerAdam(schedule, encoder.trainable_variables, settings.encoder_lr_multiplier)
        return Adam(schedule)
    return Adam(ExponentialDecay(settings.learning_rate, settings.decay_steps, settings.decay_rate))
