"""Folds batch normalization into the convolutions before it, for networks that are not trained.

A convolution and the normalization after it are both linear: one convolution can do both.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers


def fold_normalization(model: keras.Model) -> keras.Model:
    """Build the same network, with normalizations merged into the convolutions before them.

    Parameters
    ----------
    model : keras.Model
        A functional model; it is not changed. Nested models are copied without folding.

    Returns
    -------
    keras.Model
        Predicts the same as `model`, apart from rounding. If only a BatchNormalization takes the
        output of a Conv2D or DepthwiseConv2D, it is merged, in float64, into the convolution's
        kernel and bias. The other layers are copies; all keep their names and dtype policies.
    """
    folds = _folds(model)
    folded_away = {normalization.name for normalization in folds.values()}

    def copy(layer: keras.Operation) -> keras.Operation:
        config = layer.get_config()
        if layer.name in folds:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: keras.Operation, *inputs: Any, **options: Any) -> Any:
        return inputs[0] if layer.name in folded_away else layer(*inputs, **options)

    folded = keras.models.clone_model(model, clone_function=copy, call_function=call)
    for layer in folded.layers:
        if layer.name in folds:
            layer.set_weights(_merged(model.get_layer(layer.name), folds[layer.name]))
        elif layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return folded


def _folds(model: keras.Model) -> dict[str, layers.BatchNormalization]:
    """Find the normalization to fold into each convolution, by the convolution's name."""
    # In Keras' public interface, only the configuration lists every call of every layer.
    configurations = model.get_config()["layers"]
    givers = {layer["name"]: list(_givers(layer["inbound_nodes"])) for layer in configurations}
    uses = Counter(name for names in givers.values() for name in names)
    uses.update(model.output_names)
    named = {layer.name: layer for layer in model.layers}
    folds = {}
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) and len(givers[layer.name]) == 1:
            (giver,) = givers[layer.name]
            if uses[giver] == 1 and giver in named and _can_take(named[giver], layer):
                folds[giver] = layer
    return folds


def _givers(value: Any) -> Iterator[str]:
    """Yield the names of the layers whose outputs a configuration of calls mentions."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]["keras_history"][0]
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _givers(part)


def _can_take(layer: layers.Layer, normalization: layers.BatchNormalization) -> bool:
    # No subclasses: they may do more than convolve.
    if type(layer) not in (layers.Conv2D, layers.DepthwiseConv2D):
        return False
    channels = 3 if layer.data_format == "channels_last" else 1
    return layer.activation is keras.activations.linear and normalization.axis % 4 == channels


def _merged(
    convolution: layers.Conv2D | layers.DepthwiseConv2D, normalization: layers.BatchNormalization
) -> tuple[np.ndarray, np.ndarray]:
    """Compute kernel and bias, float64, of the one convolution that replaces both layers."""
    kernel, *bias = convolution.get_weights()
    constants = {
        variable.name: variable.numpy().astype(np.float64) for variable in normalization.variables
    }
    deviation = np.sqrt(constants["moving_variance"] + normalization.epsilon)
    factor = constants.get("gamma", 1) / deviation
    shift = constants.get("beta", 0) - constants["moving_mean"] * factor
    # A depthwise kernel is (H, W, channels, multiplier), any other (H, W, channels, filters).
    outputs = kernel.shape[2:] if isinstance(convolution, layers.DepthwiseConv2D) else -1
    return kernel * factor.reshape(outputs), sum(bias) * factor + shift
