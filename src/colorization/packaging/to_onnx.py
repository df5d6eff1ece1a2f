"""Writes Keras models as ONNX files, for arrays of any number, height and width."""

import gc
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras
import onnx
from keras import layers
from onnx import helper

DYNAMIC_AXES = ("N", "H", "W")  # the names of axes without a fixed length


def write_onnx(model: keras.Model, outputs: Sequence[str], path: Path) -> None:
    """Write a float32 model as an ONNX file, with the same bytes each time.

    Parameters
    ----------
    model : keras.Model
        Has named inputs, which all become required.
    outputs : sequence of str
        The outputs' names.
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
    computed = keras.tree.flatten(model(keras.tree.pack_sequence_as(model.input, inputs)))
    with_names = keras.Model(inputs, dict(zip(outputs, computed, strict=True)))
    signature = [given] if len(given) > 1 else given
    with warnings.catch_warnings(), _frequent_collection():
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)  # Keras'
        with_names.export(path, format="onnx", input_signature=signature, verbose=False)
    onnx.save(_numbered(onnx.load(path)), path)


@contextmanager
def _frequent_collection() -> Iterator[None]:
    """Let the garbage collector run often, on objects that are made in the block.

    It counts objects, whatever their size. The conversion makes some twenty copies of a network,
    each a cycle of few objects: without this, 7 GB for the 60 MB of VGG16.
    """
    threshold = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.collect()  # resets its count of survivors, a quarter of which must be new before a full run
    gc.set_threshold(500, 2, 2)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
        gc.collect()


def _numbered(model: onnx.ModelProto) -> onnx.ModelProto:
    """Order and name nodes and constants by fixed rules: those of the conversion vary.

    Constants are in the order of their first use; those with equal values are merged.
    """
    graph = model.graph
    values = {constant.name: constant for constant in graph.initializer}
    names = {end.name: end.name for end in (*graph.input, *graph.output)} | {"": ""}
    constants: dict[bytes, onnx.TensorProto] = {}
    nodes = _in_order(graph)
    for number, node in enumerate(nodes):
        for name in node.input:
            if name in values and name not in names:
                constant = values[name]
                constant.name = ""
                first = constants.setdefault(constant.SerializeToString(), constant)
                first.name = first.name or f"constant_{len(constants)}"
                names[name] = first.name
        for name in node.output:
            names.setdefault(name, f"array_{len(names)}")
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        nodes[number] = helper.make_node(
            node.op_type,
            [names[name] for name in node.input],
            [names[name] for name in node.output],
            f"{node.op_type}_{number}",
            domain=node.domain,
            **attributes,
        )
    for end in (*graph.input, *graph.output):
        for length, name in zip(end.type.tensor_type.shape.dim, DYNAMIC_AXES, strict=False):
            if not length.HasField("dim_value"):
                length.dim_param = name
    numbered = helper.make_graph(nodes, "graph", graph.input, graph.output, constants.values())
    return helper.make_model(
        numbered, opset_imports=model.opset_import, ir_version=model.ir_version
    )


def _in_order(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Sort the nodes topologically: each follows the nodes that compute its inputs."""
    makers = {name: node for node in graph.node for name in node.output}
    nodes: list[onnx.NodeProto] = []
    made: set[str] = set()
    waiting = [output.name for output in graph.output]
    while waiting:  # without recursion: networks are hundreds of nodes deep
        node = makers[waiting[-1]]
        missing = [name for name in node.input if name in makers and name not in made]
        if waiting[-1] in made or not missing:
            if waiting.pop() not in made:
                nodes.append(node)
                made.update(node.output)
        else:
            waiting += reversed(missing)
    return nodes


def as_float32(model: keras.Model) -> keras.Model:
    """Copy a model so that all of it computes in float32: few runtimes compute in less."""

    def in_float32(operation: keras.Operation) -> keras.Operation:
        dtype = {"dtype": "float32"} if isinstance(operation, layers.Layer) else {}
        return type(operation).from_config(operation.get_config() | dtype)

    # recursive: the layers of an encoder, which is a model of its own, are copied so as well.
    copy = keras.models.clone_model(model, clone_function=in_float32, recursive=True)
    copy.set_weights(model.get_weights())
    return copy
