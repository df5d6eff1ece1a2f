"""Halve the size of ONNX files: store weights in float16, and compute in float32."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from colorization.core.errors import ColorizationError

SMALLEST = 1024  # elements; smaller arrays stay in float32


def halve_weights(path: Path, out: Path) -> None:
    """Copy an ONNX file, with its large float32 constants in float16.

    Parameters
    ----------
    path : Path
        Written by `to_onnx.write_onnx`.
    out : Path

    Raises
    ------
    ColorizationError
        If a weight exceeds the largest float16, 65,504.
    """
    model = onnx.load(path)
    graph = model.graph
    casts = []
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype != np.float32 or values.size < SMALLEST:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise ColorizationError(f"{path}: a weight is beyond float16")
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [constant.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, out)
