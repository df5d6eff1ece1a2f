"""The fused batch normalization is Keras' own, in values, gradients and moving statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from colorization.networks import blocks, normalization
from colorization.networks.normalization import FusedBatchNormalization
from samples import model_of

SHAPES = [(8, 16, 16, 4), (3, 5, 7, 16), (2, 1, 1, 3), (1, 1, 1, 2)]  # down to a single value


def feature_map(shape: tuple[int, ...]) -> np.ndarray:
    """Values whose mean is far from zero in some channels, and whose deviations differ."""
    rng = np.random.default_rng(1)
    channels = shape[-1]
    means, deviations = rng.uniform(-20, 20, channels), rng.uniform(0.1, 5, channels)
    return rng.normal(means, deviations, shape)


def normalization_layer(
    kind: type[layers.BatchNormalization], channels: int, dtype: str
) -> layers.BatchNormalization:
    """A layer with weights of its own, the same for each kind."""
    layer = kind(momentum=0.8, epsilon=1e-3, dtype=dtype)
    layer.build((None, None, None, channels))
    rng = np.random.default_rng(2)
    layer.set_weights([rng.uniform(0.5, 2, channels) for _ in layer.weights])
    return layer


def step(
    kind: type[layers.BatchNormalization], x: np.ndarray, dtype: str, training: bool
) -> dict[str, np.ndarray]:
    """Outputs, gradients and updated moving statistics of a layer."""
    layer = normalization_layer(kind, x.shape[-1], dtype)
    given = tf.cast(x, layer.compute_dtype)
    toward = np.random.default_rng(3).normal(size=x.shape)
    with tf.GradientTape() as tape:
        tape.watch(given)
        normalized = layer(given, training=training)
        loss = tf.reduce_sum(tf.cast(normalized, tf.float64) * toward)
    assert normalized.dtype == given.dtype
    of_x, of_gamma, of_beta = tape.gradient(loss, [given, layer.gamma.value, layer.beta.value])
    outputs = {
        "normalized": normalized,
        "gradient of x": of_x,
        "gradient of gamma": of_gamma,
        "gradient of beta": of_beta,
        "moving mean": layer.moving_mean.value,
        "moving variance": layer.moving_variance.value,
    }
    return {name: tf.cast(value, tf.float64).numpy() for name, value in outputs.items()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("mixed_bfloat16", 2e-2)])
def test_it_agrees_with_keras_in_float64(
    shape: tuple[int, ...], dtype: str, tolerance: float, training: bool
) -> None:
    x = feature_map(shape)
    if dtype == "mixed_bfloat16":  # the layer's input is rounded
        x = tf.cast(tf.cast(x, tf.bfloat16), tf.float64).numpy()
    exact = step(layers.BatchNormalization, x, "float64", training)
    fused = step(FusedBatchNormalization, x, dtype, training)
    for name, expected in exact.items():
        largest = max(np.abs(expected).max(), 1)
        np.testing.assert_allclose(fused[name], expected, atol=tolerance * largest, err_msg=name)


def test_statistics_are_of_float32_even_for_bfloat16() -> None:
    # 100 and a little: in bfloat16 a sum of 2,048 of them would end at 256 times their size.
    x = np.where(np.random.default_rng(1).random((8, 16, 16, 1)) < 0.5, 100.0, 100.5)
    moved = step(FusedBatchNormalization, x, "mixed_bfloat16", training=True)["moving mean"]
    expected = step(layers.BatchNormalization, x, "float64", training=True)["moving mean"]
    np.testing.assert_allclose(moved, expected, rtol=1e-6)


def test_a_frozen_layer_keeps_its_statistics_in_training() -> None:
    layer = normalization_layer(FusedBatchNormalization, 4, "float32")
    layer.trainable = False
    x = feature_map(SHAPES[0]).astype(np.float32)
    before = layer.get_weights()
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
    for value, kept in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, value)


def test_without_a_fused_kernel_it_is_keras_own_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    x = feature_map(SHAPES[0])
    expected = step(layers.BatchNormalization, x, "float32", training=True)
    fused = step(FusedBatchNormalization, x, "float32", training=True)
    assert (fused["normalized"] != expected["normalized"]).any()
    monkeypatch.setattr(normalization.keras.config, "backend", lambda: "jax")
    for name, value in step(FusedBatchNormalization, x, "float32", training=True).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_a_step_of_a_network_agrees_with_keras_own_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    x = [rng.uniform(-1, 1, (4, 32, 32, 1)), rng.normal(size=(4, 1000))]
    ab = rng.uniform(-1, 1, (4, 32, 32, 2))

    initial = model_of("bn_maxpool").get_weights()

    def trained(precision: str) -> list[np.ndarray]:
        model = model_of("bn_maxpool", precision=precision)
        model.set_weights(initial)
        model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
        model.fit(x, ab, batch_size=4, verbose=0)
        kinds = {type(layer) for layer in model.layers}
        assert blocks.FusedBatchNormalization in kinds
        return model.get_weights()

    fused = trained("float32")
    monkeypatch.setattr(blocks, "FusedBatchNormalization", layers.BatchNormalization)
    plain, exact = trained("float32"), trained("float64")

    def distance(one: list[np.ndarray], other: list[np.ndarray]) -> float:
        return sum(float(((a - b) ** 2).sum()) for a, b in zip(one, other, strict=True)) ** 0.5

    assert distance(fused, exact) < 1e-3 * distance(initial, exact)
    assert distance(fused, exact) < 2 * distance(plain, exact)
