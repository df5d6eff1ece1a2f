"""Cuts a model that takes hints in two, so that another hint does not run its encoder again."""

from typing import Any

import keras

from colorization.networks.hints import HINTS
from colorization.packaging.manifest import feature_names


def cut_at_hints(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Cut a model into what hints cannot change, and the rest.

    Parameters
    ----------
    model : keras.Model
        A functional model with an input for hints.

    Returns
    -------
    encoder : keras.Model
        Maps the other inputs to the features: all tensors that do not depend on hints, but that
        operations take which do.
    rest : keras.Model
        Maps the features, named by `feature_names`, and hints to the output. Both models share the
        layers of the given one.
    """
    # By their ids; a tensor that is kept keeps its id to itself.
    features: dict[int, keras.KerasTensor] = {}
    hinted: dict[int, keras.KerasTensor] = {}  # all that depends on hints

    def call(operation: keras.Operation, *arguments: Any, **options: Any) -> Any:
        outputs = operation(*arguments, **options)
        given = {
            id(item): item
            for item in keras.tree.flatten((arguments, options))
            if isinstance(item, keras.KerasTensor)
        }
        hinted.update({key: tensor for key, tensor in given.items() if tensor.name == HINTS})
        if not hinted.keys().isdisjoint(given):
            features.update({key: given[key] for key in given if key not in hinted})
            hinted.update({id(output): output for output in keras.tree.flatten(outputs)})
        return outputs

    traced = keras.models.clone_model(
        model, clone_function=lambda operation: operation, call_function=call
    )
    hints = [tensor for tensor in traced.inputs if tensor.name == HINTS]
    others = [tensor for tensor in traced.inputs if tensor.name != HINTS]
    taken = [
        keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for tensor, name in zip(features.values(), feature_names(len(features)), strict=True)
    ] + hints
    rest = keras.Model([*features.values(), *hints], traced.output)
    return keras.Model(others, [*features.values()]), keras.Model(taken, rest(taken))
