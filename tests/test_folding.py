"""A folded network predicts the same as Keras' network, without batch normalizations."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from colorization.backbones.folding import fold_normalization
from colorization.core.settings import Embed
from colorization.embedding import imagenet

SIDE = 96  # px, about the minimum of the Inception networks


def normalizations(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


def disturb(model: keras.Model) -> keras.Model:
    """Set normalizations and biases to values other than their initial zeros and ones."""
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.variables:
                low, high = (-0.3, 0.3) if variable.name in ("beta", "moving_mean") else (0.5, 1.5)
                variable.assign(random.uniform(low, high, variable.shape))
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(random.uniform(-0.3, 0.3, layer.bias.shape))
    return model


def seen(side: int) -> np.ndarray:
    return np.random.default_rng(4).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)


def assert_alike(model: keras.Model, folded: keras.Model, side: int = 8) -> None:
    """Within 1e-5 of the outputs' spread: float32 rounds at 6e-8, some hundred layers deep."""
    expected, actual = (
        np.asarray(network(seen(side), training=False)) for network in (model, folded)
    )
    assert expected.std() > 0
    assert np.abs(actual - expected).max() < 1e-5 * expected.std()


@pytest.fixture(
    scope="module",
    params=[
        "mobilenet_v2",
        "inception_v3",
        pytest.param("inception_resnet_v2", marks=pytest.mark.soak),
    ],
)
def network(request: pytest.FixtureRequest) -> keras.Model:
    """A network of `keras.applications` with normalizations that affect its predictions."""
    keras.utils.set_random_seed(5)
    build = imagenet.NETWORKS[request.param].build
    return disturb(build(weights=None, input_shape=(SIDE, SIDE, 3), classifier_activation=None))


def test_the_networks_predict_the_same_without_any_normalization(network: keras.Model) -> None:
    folded = fold_normalization(network)
    assert normalizations(network)
    assert not normalizations(folded)
    assert_alike(network, folded, SIDE)


@pytest.mark.parametrize("network", ["mobilenet_v2"], indirect=True)
def test_each_layer_keeps_its_name_and_precision(network: keras.Model) -> None:
    half = keras.models.clone_model(network)
    for layer in half.layers:
        if isinstance(layer, layers.Conv2D):
            layer.dtype_policy = "mixed_bfloat16"
    policies = {layer.name: layer.dtype_policy.name for layer in half.layers[1:]}
    kept = {layer.name: layer.dtype_policy.name for layer in fold_normalization(half).layers[1:]}
    assert set(policies.values()) == {"float32", "mixed_bfloat16"}
    assert kept == {name: policies[name] for name in policies.keys() - normalizations(half)}


def test_the_embedder_has_no_normalization_and_predicts_like_keras_network() -> None:
    params = Embed(
        network="mobilenet_v2", weights="random", seed=1, batch_size=2, precision="float32"
    )
    embedder = imagenet.build_embedder(params)
    assert not [
        layer.name
        for model in embedder.layers
        if isinstance(model, keras.Model)
        for layer in model.layers
        if isinstance(layer, layers.BatchNormalization)
    ]
    L = seen(224)[..., :1]
    expected = np.asarray(imagenet.build_classifier(params)(np.repeat(L, 3, axis=-1)))
    actual = imagenet.compile_embedder(embedder)(L)
    assert np.abs(actual - expected).max() < 1e-4 * expected.std()


def model_of(build: Callable[[keras.KerasTensor], object]) -> keras.Model:
    keras.utils.set_random_seed(6)
    image = keras.Input((8, 8, 3))
    return disturb(keras.Model(image, build(image)))


CONVOLUTIONS = {
    "plain": lambda: layers.Conv2D(6, 3, use_bias=False),
    "with bias": lambda: layers.Conv2D(6, (1, 5), strides=2, padding="same"),
    "in groups": lambda: layers.Conv2D(6, 3, groups=3),
    "depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
}


@pytest.mark.parametrize("convolution", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
def test_each_kind_of_normalization_is_folded_into_each_kind_of_convolution(
    convolution: Callable[[], layers.Layer], scale: bool, center: bool
) -> None:
    model = model_of(
        lambda image: layers.BatchNormalization(scale=scale, center=center)(convolution()(image))
    )
    folded = fold_normalization(model)
    assert not normalizations(folded)
    assert_alike(model, folded)


def after_a_sum(image: keras.KerasTensor) -> object:
    both = layers.Add()([layers.Conv2D(4, 3)(image), layers.Conv2D(4, 3)(image)])
    return layers.BatchNormalization()(both)


def after_an_activation(image: keras.KerasTensor) -> object:
    return layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(image))


def after_a_convolution_with_another_use(image: keras.KerasTensor) -> object:
    convolved = layers.Conv2D(4, 3)(image)
    return layers.Add()([layers.BatchNormalization()(convolved), convolved])


def after_a_convolution_of_two_images(image: keras.KerasTensor) -> object:
    convolution = layers.Conv2D(4, 3)
    return layers.Add()([layers.BatchNormalization()(convolution(image)), convolution(-image)])


def of_two_convolutions(image: keras.KerasTensor) -> object:
    normalization = layers.BatchNormalization()
    return layers.Add()([normalization(layers.Conv2D(4, 3)(image)) for _ in range(2)])


def of_rows(image: keras.KerasTensor) -> object:
    return layers.BatchNormalization(axis=1)(layers.Conv2D(4, 3)(image))


def in_a_nested_model(image: keras.KerasTensor) -> object:
    inside = keras.Sequential([layers.Conv2D(4, 3), layers.BatchNormalization()])
    return layers.BatchNormalization()(inside(image))


@pytest.mark.parametrize(
    "build",
    [
        after_a_sum,
        after_an_activation,
        after_a_convolution_with_another_use,
        after_a_convolution_of_two_images,
        of_two_convolutions,
        of_rows,
        in_a_nested_model,
    ],
)
def test_a_normalization_that_cannot_be_folded_is_kept(
    build: Callable[[keras.KerasTensor], object],
) -> None:
    model = model_of(build)
    folded = fold_normalization(model)
    assert normalizations(folded) == normalizations(model)
    assert_alike(model, folded)


def test_the_original_network_is_not_changed() -> None:
    model = model_of(lambda image: layers.BatchNormalization()(layers.Conv2D(4, 3)(image)))
    before = np.asarray(model(seen(8)))
    folded = fold_normalization(model)
    for variable in folded.variables:
        variable.assign(variable + 1)
    np.testing.assert_array_equal(model(seen(8)), before)


def test_nothing_is_folded_into_a_convolution_that_is_an_output() -> None:
    def both(image: keras.KerasTensor) -> object:
        convolved = layers.Conv2D(4, 3)(image)
        return [convolved, layers.BatchNormalization()(convolved)]

    model = model_of(both)
    folded = fold_normalization(model)
    assert normalizations(folded) == normalizations(model)
    for expected, actual in zip(model(seen(8)), folded(seen(8)), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-6)
