"""The training steps that several of these scripts measure."""

import keras
import numpy as np

from colorization import variants
from colorization.networks.variant import build_network


def compiled(variant: str, policy: str) -> keras.Model:
    """What learns of a variant's network, compiled as a training compiles it."""
    record = variants.load(variant)
    learner = build_network(variant, record, 1, policy).learner
    error = keras.metrics.MeanMetricWrapper(record.objective.squared_error, name="mse")
    learner.compile(optimizer="adam", loss=record.objective.loss, metrics=[error])
    return learner


def batch(
    variant: str, shape: tuple[int, int], *, embedding: bool
) -> tuple[list[np.ndarray], np.ndarray]:
    """Random inputs, with an embedding or without, and what the output is compared with."""
    count, side = shape
    rng = np.random.default_rng(1)
    inputs = [rng.uniform(-1, 1, (count, side, side, 1))]
    if embedding:
        inputs.append(rng.normal(size=(count, 1000)))
    ab = rng.uniform(-1, 1, (count, side, side, 2)).astype(np.float32)
    target = variants.load(variant).objective.target(ab)
    return [array.astype(np.float32) for array in inputs], target
