"""Folded networks against Keras' own, with statistics that a normalization cannot hide."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from colorization.embedding import imagenet
from colorization.embedding.folding import fold_normalization

SIDE = 96  # px, the least that all of them take


def with_statistics(model: keras.Model) -> keras.Model:
    """Give each normalization statistics, scale and offset far from 0 and 1."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.variables:
                low, high = (-0.3, 0.3) if variable.name in ("beta", "moving_mean") else (0.5, 2)
                variable.assign(rng.uniform(low, high, variable.shape))
    return model


def normalizations(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


@pytest.mark.parametrize("name", imagenet.NETWORKS)
def test_a_folded_network_gives_the_logits_of_keras_own(name: str) -> None:
    keras.utils.set_random_seed(1)
    build: Callable[..., keras.Model] = imagenet.NETWORKS[name].build
    model = with_statistics(
        build(weights=None, include_top=False, pooling="avg", input_shape=(SIDE, SIDE, 3))
    )
    images = np.random.default_rng(2).uniform(-1, 1, (2, SIDE, SIDE, 3)).astype(np.float32)
    expected = np.asarray(model(images, training=False))
    folded = fold_normalization(model)
    assert normalizations(model)
    assert not normalizations(folded)
    found = np.asarray(folded(images, training=False))
    assert expected.std() > 0
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


def sandwich(after: Callable, **options: bool) -> keras.Model:
    """Convolution, something, normalization."""
    x = image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, use_bias=True, bias_initializer="random_normal", name="conv")(x)
    x = layers.BatchNormalization(**options)(after(x))
    return with_statistics(keras.Model(image, x))


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}])
def test_bias_scale_and_offset_are_folded(options: dict[str, bool]) -> None:
    keras.utils.set_random_seed(1)
    model = sandwich(lambda x: x, **options)
    images = np.random.default_rng(2).normal(size=(2, 8, 8, 3)).astype(np.float32)
    folded = fold_normalization(model)
    assert not normalizations(folded)
    np.testing.assert_allclose(
        folded(images, training=False), model(images, training=False), atol=1e-5
    )


@pytest.mark.parametrize("after", [layers.ReLU(), lambda x: layers.Add()([x, x])])
def test_what_does_not_follow_a_convolution_alone_stays(after: Callable) -> None:
    keras.utils.set_random_seed(1)
    model = sandwich(after)
    images = np.random.default_rng(2).normal(size=(2, 8, 8, 3)).astype(np.float32)
    folded = fold_normalization(model)
    assert len(normalizations(folded)) == 1
    np.testing.assert_array_equal(folded(images, training=False), model(images, training=False))


def test_a_convolution_that_others_see_too_stays() -> None:
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="conv")(image)
    model = with_statistics(keras.Model(image, [x, layers.BatchNormalization()(x)]))
    assert len(normalizations(fold_normalization(model))) == 1


def test_layers_keep_their_precision() -> None:
    model = sandwich(lambda x: x)
    model.get_layer("conv").dtype_policy = "mixed_bfloat16"
    assert fold_normalization(model).get_layer("conv").compute_dtype == "bfloat16"
