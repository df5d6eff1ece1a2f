"""Load a network from an ONNX file, check it, and compute it by ONNX Runtime."""

import functools
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

# From 1.29 on, ONNX Runtime reports each model to its makers, unless this is set before the import.
# No photograph, and nothing about one, may leave the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

from colorization.core.errors import ColorizationError, reason

Shape = tuple[int | None, ...]  # None for a length that may vary

SMALLEST = 32  # px, a side of what a model can see; see `variant.Variant`
MOST_MEMORY = 3 * 2**29  # bytes of all arrays of all networks together, their weights included
MOST_SECONDS = 20.0  # the most that a network may take for a few pixels
FATAL = 4  # the only level that ONNX Runtime logs; its exceptions tell all else


class OnnxNetwork:
    """A network from a file of which only the sha256 need be known.

    The file may come from anywhere. The network must have the expected inputs and output, and must
    compute finite numbers for a small example, in bounded time and memory. The file is data: ONNX
    has no operation that reads a file or runs code, and ONNX Runtime takes weights from no file
    outside the network's folder. Loading has no time limit: ONNX Runtime computes what is
    constant in the network then.

    Parameters
    ----------
    path : Path
    inputs : mapping of str to Shape
        Names and shapes of the inputs, all float32.
    output : (str, Shape)
        Name and shape of the only output, float32; it holds as many images as each input.

    Raises
    ------
    ColorizationError
        If the file cannot be read, or is not such a network.
    """

    def __init__(self, path: Path, inputs: Mapping[str, Shape], output: tuple[str, Shape]) -> None:
        _bound_memory()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = FATAL
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.intra_op_num_threads = 1  # many photographs are computed side by side
        # ONNX Runtime's own exceptions differ from release to release, hence the broad catch.
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
            found = {each.name: _described(each) for each in self._session.get_inputs()}
            outputs = {each.name: _described(each) for each in self._session.get_outputs()}
        except Exception as error:
            raise ColorizationError(f"{path} is not a network ({reason(error)})") from error
        wanted = {name: ("tensor(float)", shape) for name, shape in inputs.items()}
        name, self._shape = output
        if found != wanted or outputs != {name: ("tensor(float)", self._shape)}:
            raise ColorizationError(f"{path} is not a network from {', '.join(inputs)} to {name}")
        self._path = path
        self._names = list(inputs)
        self._try(list(inputs.values()))

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        """Compute the output, float32, from the inputs in their order, float32.

        Raises
        ------
        ColorizationError
            If the network cannot be computed, for example for lack of memory.
        """
        return self._run(inputs, onnxruntime.RunOptions())

    def _run(self, inputs: Sequence[np.ndarray], options: onnxruntime.RunOptions) -> np.ndarray:
        # Memory that one photograph needed is freed before the next one, which may be smaller.
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        given = dict(zip(self._names, inputs, strict=True))
        try:
            found = self._session.run(None, given, options)[0]
        except Exception as error:
            raise ColorizationError(f"{self._path} cannot be used ({reason(error)})") from error
        wanted = (len(inputs[0]), *self._shape[1:])
        fits = (length in (None, each) for each, length in zip(found.shape, wanted, strict=False))
        if not found.size or found.ndim != len(wanted) or not all(fits):
            raise ColorizationError(f"{self._path} gives an array of another shape")
        return found

    def _try(self, inputs: Sequence[Shape]) -> None:
        shapes = [_smallest(shape) for shape in inputs]
        options = onnxruntime.RunOptions()
        with _terminated_after(MOST_SECONDS, options):
            found = self._run([np.zeros(shape, np.float32) for shape in shapes], options)
        if not np.isfinite(found).all():
            raise ColorizationError(f"{self._path} gives numbers that are not finite")


@functools.cache
def _bound_memory() -> None:
    """Give ONNX Runtime one allocator of bounded size for the whole process."""
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu",
        onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
        0,
        onnxruntime.OrtMemType.DEFAULT,
    )
    arena = onnxruntime.OrtArenaCfg({"max_mem": MOST_MEMORY, "arena_extend_strategy": 1})
    onnxruntime.create_and_register_allocator(memory, arena)


@contextmanager
def _terminated_after(seconds: float, options: onnxruntime.RunOptions) -> Iterator[None]:
    timer = threading.Timer(seconds, setattr, (options, "terminate", True))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _smallest(shape: Shape) -> tuple[int, ...]:
    """The smallest shape: of lengths that may vary, the first is 1 and others `SMALLEST`."""
    return tuple(length or (SMALLEST if place else 1) for place, length in enumerate(shape))


def _described(array: onnxruntime.NodeArg) -> tuple[str, Shape]:
    """Type and shape of an array; ONNX Runtime has a name in place of a length that may vary."""
    lengths = (length if isinstance(length, int) else None for length in array.shape)
    return array.type, tuple(lengths)
