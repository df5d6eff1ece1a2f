"""Load a network from an untrusted ONNX file, check it, and run it with ONNX Runtime."""

import functools
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

# From 1.29 on, ONNX Runtime sends telemetry on each model, unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

from colorization.core.errors import ColorizationError, reason

Shape = tuple[int | None, ...]  # None for a length that may vary

SMALLEST = 32  # px, the smallest side of a network's input
MOST_MEMORY = 3 * 2**29  # bytes of all arrays of all networks, including weights
MOST_SECONDS = 20.0  # for a few pixels
FATAL = 4  # ONNX Runtime's log level; errors are raised as exceptions


class OnnxNetwork:
    """A network from an untrusted file.

    It must have the expected inputs and output, and compute finite numbers for a small example, in
    bounded time and memory. ONNX has no operation that reads files or runs code, and ONNX Runtime
    loads external weights only from the network's folder. Loading has no time limit: it includes
    constant folding.

    Parameters
    ----------
    path : Path
    inputs : mapping of str to Shape
        Names and shapes of the inputs, all float32.
    output : (str, Shape)
        Name and shape of the only output, float32; its batch size is that of the inputs.

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
        options.intra_op_num_threads = 1  # photographs are processed in parallel
        # ONNX Runtime's exception types vary between releases, hence the broad catch.
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
            actual_inputs = dict(map(_signature, self._session.get_inputs()))
            actual_outputs = dict(map(_signature, self._session.get_outputs()))
        except Exception as error:
            raise ColorizationError(f"{path} is not a network ({reason(error)})") from error
        expected = {name: ("tensor(float)", shape) for name, shape in inputs.items()}
        name, self._shape = output
        if actual_inputs != expected or actual_outputs != {name: ("tensor(float)", self._shape)}:
            raise ColorizationError(f"{path} is not a network from {', '.join(inputs)} to {name}")
        self._path = path
        self._names = list(inputs)
        self._try(list(inputs.values()))

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        """Compute the output, float32, from the inputs, float32.

        Raises
        ------
        ColorizationError
            If the network fails, for example for lack of memory.
        """
        return self._run(inputs, onnxruntime.RunOptions())

    def _run(self, inputs: Sequence[np.ndarray], options: onnxruntime.RunOptions) -> np.ndarray:
        # Free the memory of a photograph before the next one, which may be smaller.
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        feed = dict(zip(self._names, inputs, strict=True))
        try:
            output = self._session.run(None, feed, options)[0]
        except Exception as error:
            raise ColorizationError(f"{self._path} cannot be used ({reason(error)})") from error
        expected = (len(inputs[0]), *self._shape[1:])
        matches = (
            length in (None, actual) for actual, length in zip(output.shape, expected, strict=False)
        )
        if not output.size or output.ndim != len(expected) or not all(matches):
            raise ColorizationError(f"{self._path} returns an array of an unexpected shape")
        return output

    def _try(self, inputs: Sequence[Shape]) -> None:
        shapes = [_smallest(shape) for shape in inputs]
        options = onnxruntime.RunOptions()
        with _terminated_after(MOST_SECONDS, options):
            output = self._run([np.zeros(shape, np.float32) for shape in shapes], options)
        if not np.isfinite(output).all():
            raise ColorizationError(f"{self._path} returns numbers that are not finite")


@functools.cache
def _bound_memory() -> None:
    """Register a bounded allocator for all networks of the process."""
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
    """The smallest shape: a dynamic batch size is 1, other dynamic lengths are `SMALLEST`."""
    return tuple(length or (SMALLEST if axis else 1) for axis, length in enumerate(shape))


def _signature(array: onnxruntime.NodeArg) -> tuple[str, tuple[str, Shape]]:
    """Name, type and shape; ONNX Runtime has a name in place of a dynamic length."""
    lengths = (length if isinstance(length, int) else None for length in array.shape)
    return array.name, (array.type, tuple(lengths))
