"""The optimizer of a training: its rate over time, and a slower one for an encoder."""

import keras
import numpy as np
import pytest
from keras import layers

from colorization.training.optimizer import build_optimizer
from samples import PARAMS

BINS = PARAMS.classification.model_copy(update={"learning_rate": 0.01})


def nested() -> tuple[keras.Model, keras.Model]:
    """A model, and the encoder within it."""
    tensor = keras.Input((3,))
    encoder = keras.Model(tensor, layers.Dense(4)(tensor), name="encoder")
    return keras.Model(tensor, layers.Dense(2)(encoder(tensor))), encoder


def first_steps(rate: float) -> tuple[float, float]:
    """How far a first step moves the encoder's kernel and the other one, at most."""
    keras.utils.set_random_seed(1)
    model, encoder = nested()
    settings = BINS.model_copy(update={"encoder_lr_multiplier": rate})
    model.compile(build_optimizer(settings, 10, encoder), "mse")
    kernels = (encoder.layers[-1].kernel, model.layers[-1].kernel)
    before = [np.array(kernel) for kernel in kernels]
    model.train_on_batch(np.ones((8, 3)), np.ones((8, 2)))
    moved = [np.abs(kernel - old).max() for kernel, old in zip(kernels, before, strict=True)]
    return float(moved[0]), float(moved[1])


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_an_encoder_moves_at_its_fraction_of_the_rate(rate: float) -> None:
    # Adam's first step moves each weight by the rate, whatever its gradient.
    encoder, rest = first_steps(rate)
    assert encoder == pytest.approx(0.01 * rate, rel=1e-2)
    assert rest == pytest.approx(0.01, rel=1e-2)


def test_the_rate_of_color_bins_falls_to_0_along_a_cosine() -> None:
    schedule = build_optimizer(BINS, 100)._learning_rate
    found = [float(schedule(step)) for step in (0, 25, 50, 75, 100)]
    np.testing.assert_allclose(found, 0.005 * (1 + np.cos(np.pi * np.linspace(0, 1, 5))), atol=1e-8)


def test_the_rate_of_train_falls_exponentially() -> None:
    schedule = build_optimizer(PARAMS.train, 100)._learning_rate
    assert float(schedule(PARAMS.train.decay_steps)) == pytest.approx(
        PARAMS.train.learning_rate * PARAMS.train.decay_rate
    )
