"""Folds batch normalizations into the preceding convolutions, for inference.

Both are linear, so one convolution can compute both.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers


def fold_normalization(model: keras.Model) -> keras.Model:
    """Copy a network, with batch normalizations folded into the preceding convolutions.

    Parameters
    ----------
    model : keras.Model
        A functional model; it is not changed. Nested models are copied without folding.

    Returns
    -------
    keras.Model
        Its predictions equal those of `model`, apart from rounding. A BatchNormalization is folded,
        in float64, if its input is a Conv2D or DepthwiseConv2D whose output is used nowhere else.
        All layers keep their names and dtype policies.
    """
    folds = _folds(model)
    removed = {normalization.name for normalization in folds.values()}

    def copy(layer: keras.Operation) -> keras.Operation:
        config = layer.get_config()
        if layer.name in folds:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: keras.Operation, *inputs: Any, **options: Any) -> Any:
        return inputs[0] if layer.name in removed else layer(*inputs, **options)

    folded = keras.models.clone_model(model, clone_function=copy, call_function=call)
    for layer in folded.layers:
        if layer.name in folds:
            layer.set_weights(_fold(model.get_layer(layer.name), folds[layer.name]))
        elif layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return folded


def _folds(model: keras.Model) -> dict[str, layers.BatchNormalization]:
    """Find the normalizations to fold, by the names of the convolutions."""
    # In Keras' public API, only the configuration lists all calls of all layers.
    configs = model.get_config()["layers"]
    sources = {config["name"]: list(_sources(config["inbound_nodes"])) for config in configs}
    uses = Counter(name for names in sources.values() for name in names)
    uses.update(model.output_names)
    by_name = {layer.name: layer for layer in model.layers}
    folds = {}
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) and len(sources[layer.name]) == 1:
            (source,) = sources[layer.name]
            if uses[source] == 1 and source in by_name and _can_fold(by_name[source], layer):
                folds[source] = layer
    return folds


def _sources(value: Any) -> Iterator[str]:
    """Yield the names of the layers whose outputs a configuration of calls refers to."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]["keras_history"][0]
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _sources(item)


def _can_fold(layer: layers.Layer, normalization: layers.BatchNormalization) -> bool:
    # Not isinstance: a subclass may do more than convolve.
    if type(layer) not in (layers.Conv2D, layers.DepthwiseConv2D):
        return False
    channels = 3 if layer.data_format == "channels_last" else 1
    return layer.activation is keras.activations.linear and normalization.axis % 4 == channels


def _fold(
    convolution: layers.Conv2D | layers.DepthwiseConv2D, normalization: layers.BatchNormalization
) -> tuple[np.ndarray, np.ndarray]:
    """Compute kernel and bias, float64, of the convolution that replaces both layers."""
    kernel, *bias = convolution.get_weights()
    constants = {
        variable.name: variable.numpy().astype(np.float64) for variable in normalization.variables
    }
    std = np.sqrt(constants["moving_variance"] + normalization.epsilon)
    factor = constants.get("gamma", 1) / std
    shift = constants.get("beta", 0) - constants["moving_mean"] * factor
    # A depthwise kernel is (H, W, channels, multiplier), others are (H, W, channels, filters).
    outputs = kernel.shape[2:] if isinstance(convolution, layers.DepthwiseConv2D) else -1
    return kernel * factor.reshape(outputs), sum(bias) * factor + shift
