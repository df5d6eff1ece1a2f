"""Batch normalization folded into the convolutions before it, for networks that are not trained.

A convolution and the normalization after it are both linear, and together another convolution.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers


def fold_normalization(model: keras.Model) -> keras.Model:
    """Build the same network without the normalizations that a convolution can take over.

    Parameters
    ----------
    model : keras.Model
        A functional model; it stays as it is. Nested models are copied whole.

    Returns
    -------
    keras.Model
        Predicts what `model` does, apart from rounding. Each BatchNormalization that alone takes
        what a Conv2D or DepthwiseConv2D gives is gone, merged in float64 into the convolution's
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
    """The normalization to fold into each convolution, by the convolution's name."""
    # Of the public interface only the configuration tells every call of every layer.
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
    """Name the layers whose outputs occur in the configuration of calls."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]["keras_history"][0]
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _givers(part)


def _can_take(layer: layers.Layer, normalization: layers.BatchNormalization) -> bool:
    # Subclasses may do more than convolve.
    if type(layer) not in (layers.Conv2D, layers.DepthwiseConv2D):
        return False
    channels = 3 if layer.data_format == "channels_last" else 1
    return layer.activation is keras.activations.linear and normalization.axis % 4 == channels


def _merged(
    convolution: layers.Conv2D | layers.DepthwiseConv2D, normalization: layers.BatchNormalization
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the convolution that does what both do, float64."""
    kernel, *bias = convolution.get_weights()
    constants = {
        variable.name: variable.numpy().astype(np.float64) for variable in normalization.variables
    }
    deviation = np.sqrt(constants["moving_variance"] + normalization.epsilon)
    factor = constants.get("gamma", 1) / deviation
    shift = constants.get("beta", 0) - constants["moving_mean"] * factor
    # A depthwise kernel is (H, W, channels, multiplier), another (H, W, channels, filters).
    outputs = kernel.shape[2:] if isinstance(convolution, layers.DepthwiseConv2D) else -1
    return kernel * factor.reshape(outputs), sum(bias) * factor + shift
