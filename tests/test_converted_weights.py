"""Weights of EfficientNet-Lite2 in PyTorch's layout go to their layers of the Keras network."""

import keras
import numpy as np
import pytest

import efficientnet_lite2
from colorization.backbones.efficientnet_lite import EfficientNetLite2

# Names in the published file of the first weight of some layers.
NAMES = {
    "stem": "_conv_stem.weight",
    "block_0_depthwise": "_blocks.0._depthwise_conv.weight",
    "block_0_depthwise_norm": "_blocks.0._bn1.weight",
    "block_0_project_norm": "_blocks.0._bn2.weight",
    "block_1_expand": "_blocks.1._expand_conv.weight",
    "block_1_expand_norm": "_blocks.1._bn0.weight",
    "block_20_project": "_blocks.20._project_conv.weight",
    "head": "_conv_head.weight",
    "classifier": "_fc.weight",
}


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A network in which no two weights are equal."""
    rng = np.random.default_rng(1)
    network = EfficientNetLite2(classifier_activation=None)
    network.set_weights([rng.normal(size=weight.shape) for weight in network.weights])
    return network


@pytest.fixture(scope="module")
def state(network: keras.Model) -> dict[str, np.ndarray]:
    """The weights of the network as PyTorch has them."""
    arrays = {"_bn0.num_batches_tracked": np.array(7)}
    for name, names in efficientnet_lite2._layers():
        layer = network.get_layer(name)
        for key, array in zip(names, layer.get_weights(), strict=True):
            if isinstance(layer, keras.layers.DepthwiseConv2D):
                arrays[key] = np.einsum("hwcm->cmhw", array)
            elif isinstance(layer, keras.layers.Conv2D):
                arrays[key] = np.einsum("hwio->oihw", array)
            else:
                arrays[key] = array.T
    return arrays


def test_each_weight_goes_to_its_layer(network: keras.Model, state: dict[str, np.ndarray]) -> None:
    converted = efficientnet_lite2.convert(state)
    for weight, expected in zip(converted.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
    for layer, name in NAMES.items():
        assert np.sum(converted.get_layer(layer).get_weights()[0]) == pytest.approx(
            state[name].sum(), rel=1e-3
        )


def test_a_weight_of_no_layer_is_refused(state: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"weights of no layer: _fc\.scale"):
        efficientnet_lite2.convert(state | {"_fc.scale": np.ones(3)})


def test_a_missing_weight_is_refused(state: dict[str, np.ndarray]) -> None:
    with pytest.raises(KeyError, match=r"_bn1\.bias"):
        efficientnet_lite2.convert({name: state[name] for name in state if name != "_bn1.bias"})
