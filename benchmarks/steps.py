"""Networks and batches for several benchmarks."""

import keras
import numpy as np

import turns
from colorization.color.statistics import count_colors
from colorization.networks import catalog
from colorization.networks.architecture import build_network

with turns.quiet():
    # They have about as many bins as photographs.
    COLORS = count_colors(np.random.default_rng(1).normal(0, 0.17, (1, 64, 64, 2)).clip(-1, 1))


def compiled(variant: str, policy: str) -> keras.Model:
    """Return a variant's training model, compiled as in a training."""
    record = catalog.load(variant)
    training_model = build_network(variant, record, 1, policy, COLORS).training_model
    objective = record.objective_for(COLORS)
    error = keras.metrics.MeanMetricWrapper(objective.squared_error, name="mse")
    training_model.compile(optimizer="adam", loss=objective.loss, metrics=[error])
    return training_model


def batch(
    variant: str, shape: tuple[int, int], *, embedding: bool
) -> tuple[list[np.ndarray], np.ndarray]:
    """Draw random inputs, with or without an embedding, and the target."""
    count, side = shape
    rng = np.random.default_rng(1)
    inputs = [rng.uniform(-1, 1, (count, side, side, 1))]
    if embedding:
        inputs.append(rng.normal(size=(count, 1000)))
    ab = rng.uniform(-1, 1, (count, side, side, 2)).astype(np.float32)
    target = catalog.load(variant).objective_for(COLORS).target(ab)
    return [array.astype(np.float32) for array in inputs], target
