"""EfficientNet-Lite2 has the published shape."""

import math

import keras
import pytest

from colorization.backbones.efficientnet_lite import EfficientNetLite2, blocks


def test_it_has_as_many_parameters_as_the_published_weights() -> None:
    network = EfficientNetLite2()
    # The numbers in Google's checkpoint, apart from the moving means and variances.
    assert sum(math.prod(weight.shape) for weight in network.trainable_weights) == 6_092_072


@pytest.mark.parametrize(
    ("layer", "scale", "channels"),
    [
        ("block_3_add", 4, 24),
        ("block_6_add", 8, 48),
        ("block_14_add", 16, 120),
        ("block_20_project_norm", 32, 352),
    ],
)
def test_the_last_blocks_of_each_size(layer: str, scale: int, channels: int) -> None:
    network = EfficientNetLite2(include_top=False, input_shape=(64, 96, 3))
    shape = network.get_layer(layer).output.shape
    assert shape == (None, 64 // scale, 96 // scale, channels)


def test_it_has_neither_squeeze_and_excitation_nor_swish() -> None:
    network = EfficientNetLite2(include_top=False, input_shape=(64, 64, 3))
    assert len(list(blocks())) == 21
    kinds = {type(layer).__name__ for layer in network.layers}
    assert kinds == {
        "InputLayer",
        "Conv2D",
        "DepthwiseConv2D",
        "BatchNormalization",
        "ReLU",
        "Add",
    }
    caps = {layer.max_value for layer in network.layers if isinstance(layer, keras.layers.ReLU)}
    assert caps == {6}


def test_weights_of_keras_are_refused() -> None:
    with pytest.raises(ValueError, match=r"see tools/efficientnet_lite2\.py"):
        EfficientNetLite2(weights="imagenet")  # type: ignore[arg-type]
