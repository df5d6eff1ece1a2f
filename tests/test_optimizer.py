"""The optimizer: its learning rate schedules, and a lower rate for an encoder."""

import keras
import numpy as np
import pytest
from keras import layers

from colorization.training.optimizer import build_optimizer
from samples import PARAMS

SETTINGS = PARAMS.train.model_copy(update={"learning_rate": 0.01, "schedule": "cosine"})


def nested() -> tuple[keras.Model, keras.Model]:
    """A model, and the encoder within it."""
    tensor = keras.Input((3,))
    encoder = keras.Model(tensor, layers.Dense(4)(tensor), name="encoder")
    return keras.Model(tensor, layers.Dense(2)(encoder(tensor))), encoder


def first_steps(multiplier: float) -> tuple[float, float]:
    """The largest change of the encoder's kernel and of the other one in the first step."""
    keras.utils.set_random_seed(1)
    model, encoder = nested()
    settings = SETTINGS.model_copy(update={"encoder_lr_multiplier": multiplier})
    model.compile(build_optimizer(settings, 10, encoder), "mse")
    kernels = (encoder.layers[-1].kernel, model.layers[-1].kernel)
    before = [np.array(kernel) for kernel in kernels]
    model.train_on_batch(np.ones((8, 3)), np.ones((8, 2)))
    moved = [np.abs(kernel - old).max() for kernel, old in zip(kernels, before, strict=True)]
    return float(moved[0]), float(moved[1])


@pytest.mark.parametrize("multiplier", [0.1, 0.5, 1.0])
def test_an_encoder_has_a_multiple_of_the_learning_rate(multiplier: float) -> None:
    # Adam's first step changes each weight by the learning rate, whatever its gradient.
    encoder, rest = first_steps(multiplier)
    assert encoder == pytest.approx(0.01 * multiplier, rel=1e-2)
    assert rest == pytest.approx(0.01, rel=1e-2)


def test_a_cosine_schedule_falls_to_0_at_the_last_step() -> None:
    schedule = build_optimizer(SETTINGS, 100)._learning_rate
    rates = [float(schedule(step)) for step in (0, 25, 50, 75, 100)]
    np.testing.assert_allclose(rates, 0.005 * (1 + np.cos(np.pi * np.linspace(0, 1, 5))), atol=1e-8)


def test_an_exponential_schedule_decays_by_its_formula() -> None:
    settings = PARAMS.train.model_copy(
        update={"schedule": "exponential", "decay_steps": 40, "decay_rate": 0.5}
    )
    schedule = build_optimizer(settings, 100)._learning_rate
    rates = [float(schedule(step)) for step in (0, 20, 40, 100)]
    expected = settings.learning_rate * 0.5 ** (np.array([0, 20, 40, 100]) / 40)
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
