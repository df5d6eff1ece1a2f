"""Keras models as ONNX files, for arrays of any number, height and width."""

import warnings
from pathlib import Path

import keras
from keras import layers


def write_onnx(model: keras.Model, output: str, path: Path) -> None:
    """Write a model that computes in float32.

    Parameters
    ----------
    model : keras.Model
        Of named inputs, which all become obligatory, and one output.
    output : str
        The output's name.
    path : Path
    """
    inputs = [
        keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)
        for tensor in model.inputs
    ]
    given = [
        keras.InputSpec(shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
        for tensor in inputs
    ]
    computed = model(keras.tree.pack_sequence_as(model.input, inputs))
    one_output = keras.Model(inputs, {output: computed})
    signature = [given] if len(given) > 1 else given
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)  # Keras'
        one_output.export(path, format="onnx", input_signature=signature, verbose=False)


def without_reduced_precision(model: keras.Model) -> keras.Model:
    """The same weights without reduced precision, which few programs compute in."""

    def in_float32(operation: keras.Operation) -> keras.Operation:
        dtype = {"dtype": "float32"} if isinstance(operation, layers.Layer) else {}
        return type(operation).from_config(operation.get_config() | dtype)

    copy = keras.models.clone_model(model, clone_function=in_float32)
    copy.set_weights(model.get_weights())
    return copy
