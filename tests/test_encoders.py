"""Encoders get the input that the published weights expect, and load these from a file."""

from pathlib import Path

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from colorization.core.errors import ColorizationError
from colorization.core.settings import Encoders
from colorization.networks import catalog, encoders
from samples import model_of

ENCODER_OF = {name: encoder for name in catalog.names() if (encoder := catalog.load(name).encoder)}
PREPROCESS = {
    "vgg16": keras.applications.vgg16.preprocess_input,
    "vgg19": keras.applications.vgg19.preprocess_input,
    "mobilenet_v2": keras.applications.mobilenet_v2.preprocess_input,
    "efficientnet_lite2": lambda pixels: (pixels - 127) / 128,
}


def published(name: str, seed: int, include_top: bool | None = None) -> keras.Model:
    """A network as Keras publishes it, drawn from a seed; by default with the top if it is read."""
    keras.utils.set_random_seed(seed)
    encoder = encoders.ENCODERS[name]
    top = encoder.top if include_top is None else include_top
    return encoder.build(include_top=top, weights=None)


def write_as_published(network: keras.Model, path: Path) -> Path:
    """Write weights in the format of the files that Keras publishes."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return path


def write_as_saved(network: keras.Model, path: Path) -> Path:
    """Write weights in the format of `save_weights`."""
    path = path.with_suffix(".weights.h5")
    network.save_weights(path)
    return path


@pytest.fixture(scope="module", params=ENCODER_OF)
def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[keras.Model, keras.Model]:
    """A model whose encoder was loaded from a file, and the network that wrote the file."""
    name = ENCODER_OF[request.param]
    network = published(name, seed=5)
    path = write_as_published(network, tmp_path_factory.mktemp("weights") / "published.h5")
    model = model_of(request.param)
    encoders.load_encoder(model, name, str(path))
    return model, network


def luminance(height: int = 64, width: int = 96) -> np.ndarray:
    """L of noise, in [-1, 1]."""
    return np.random.default_rng(1).uniform(-1, 1, (2, height, width, 1)).astype(np.float32)


def test_the_encoders_are_the_keys_of_params() -> None:
    assert set(encoders.ENCODERS) == set(Encoders.model_fields) == set(ENCODER_OF.values())


def test_the_encoder_gets_l_as_keras_preprocesses_it(
    loaded: tuple[keras.Model, keras.Model],
) -> None:
    model, network = loaded
    name = ENCODER_OF[model.name]
    _, height, width, _ = network.input.shape  # fixed for a network with its top
    L = luminance(height or 64, width or 96)
    gray = np.repeat((L + 1) / 2 * 255, 3, axis=-1)
    if model.name == "vgg16_conv":  # its convolution may learn anything; a kernel of ones repeats L
        model.get_layer("to_three").set_weights([np.ones((1, 1, 1, 3)), np.zeros(3)])
    encoder = model.get_layer(name)
    outputs = [network.get_layer(output).output for output in encoder.output_names]
    features = keras.Model(network.input, outputs)
    expected = features.predict_on_batch(PREPROCESS[name](gray.copy()))

    input_layer = "minus_mean" if name.startswith("vgg") else "to_three"
    enlarged = model.get_layer("enlarge").output if name == "efficientnet_lite2" else None
    source = model.inputs[0] if enlarged is None else enlarged
    encode = keras.Model([source], encoder(model.get_layer(input_layer).output))
    for output, reference in zip(encode.predict_on_batch([L]), expected, strict=True):
        tolerance = 1e-3 * np.abs(reference).max()
        np.testing.assert_allclose(output, reference, rtol=1e-3, atol=tolerance)


@pytest.mark.parametrize("loaded", ["vgg19_unet"], indirect=True)
def test_the_unets_skips_are_the_last_convolution_of_each_size(
    loaded: tuple[keras.Model, keras.Model],
) -> None:
    model, network = loaded
    gray = np.repeat((luminance() + 1) / 2 * 255, 3, axis=-1)
    preprocessed = PREPROCESS["vgg19"](gray)
    for index, (layer, filters, scale) in enumerate(
        [
            ("block4_conv4", 512, 8),
            ("block3_conv4", 256, 4),
            ("block2_conv2", 128, 2),
            ("block1_conv2", 64, 1),
        ],
        start=1,
    ):
        joined = keras.Model(model.inputs, model.get_layer(f"decoder_{index}_skip").output)
        features = joined.predict_on_batch([luminance()])
        assert features.shape == (2, 64 // scale, 96 // scale, 2 * filters)
        expected = keras.Model(network.input, network.get_layer(layer).output).predict_on_batch(
            preprocessed
        )
        np.testing.assert_allclose(
            features[..., filters:], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max()
        )


def test_the_new_convolution_of_vgg16_starts_as_keras_starts_one() -> None:
    layer = model_of("vgg16_conv").get_layer("to_three")
    assert isinstance(layer.kernel_initializer, keras.initializers.GlorotUniform)
    kernel = np.asarray(layer.kernel)
    assert kernel.shape == (1, 1, 1, 3)
    assert len(np.unique(kernel)) == 3
    assert np.abs(kernel).max() <= (6 / (1 + 3)) ** 0.5  # Glorot and Bengio 2010, equation 16
    np.testing.assert_array_equal(layer.bias, np.zeros(3))


def test_vgg16_conv_with_a_kernel_of_ones_is_vgg16_repeat() -> None:
    conv, repeat = (model_of(name) for name in ("vgg16_conv", "vgg16_repeat"))
    conv.get_layer("to_three").set_weights([np.ones((1, 1, 1, 3)), np.zeros(3)])
    for own, same in zip(repeat.layers, conv.layers, strict=True):
        if own.name != "to_three":
            same.set_weights(own.get_weights())
    np.testing.assert_allclose(
        conv.predict_on_batch([luminance()]), repeat.predict_on_batch([luminance()]), atol=1e-5
    )


@pytest.mark.parametrize("write", [write_as_published, write_as_saved])
def test_loading_sets_the_encoders_weights_alone(tmp_path: Path, write: type) -> None:
    network = published("vgg16", seed=5)
    path = write(network, tmp_path / "published.h5")
    model, untouched = (model_of("vgg16_repeat") for _ in range(2))
    encoders.load_encoder(model, "vgg16", str(path))
    for own, other in zip(model.get_layer("vgg16").weights, network.weights, strict=True):
        np.testing.assert_array_equal(own, other, err_msg=own.path)
    np.testing.assert_array_equal(
        model.get_layer("decoder_1").kernel, untouched.get_layer("decoder_1").kernel
    )
    assert [weight.path for weight in model.trainable_weights] == [
        weight.path for weight in untouched.trainable_weights
    ]


def test_random_weights_are_unchanged() -> None:
    model, untouched = (model_of("vgg16_repeat") for _ in range(2))
    encoders.load_encoder(model, "vgg16", "random")
    for own, other in zip(model.weights, untouched.weights, strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("write", [write_as_published, write_as_saved])
def test_a_file_of_another_network_is_refused(tmp_path: Path, write: type) -> None:
    path = write(published("vgg19", seed=5), tmp_path / "other.h5")
    with pytest.raises(ColorizationError) as caught:
        encoders.load_encoder(model_of("vgg16_repeat"), "vgg16", str(path))
    message = str(caught.value)
    assert message.startswith(
        f"encoders.vgg16: {path} does not contain weights of vgg16 without top ("
    )
    assert "\n" not in message


def test_a_missing_file_is_reported_with_the_choices() -> None:
    with pytest.raises(ColorizationError) as caught:
        encoders.load_encoder(model_of("vgg16_repeat"), "vgg16", "none.h5")
    assert str(caught.value) == (
        "encoders.vgg16 must be random, imagenet, or the path of a weights file; "
        "found 'none.h5', which does not exist"
    )


def test_offline_the_error_says_where_to_put_the_file(offline: None) -> None:
    with pytest.raises(ColorizationError) as caught:
        encoders.load_encoder(model_of("vgg16_repeat"), "vgg16", "imagenet")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("encoders.vgg16: cannot download the ImageNet weights of vgg16")
    assert "~/.keras/models" in message
    assert "Temporary failure in name resolution" in message
