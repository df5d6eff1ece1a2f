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
EXTERNAL_WEIGHTS = "session.model_external_initializers_file_folder_path"
FATAL = 4  # ONNX Runtime's log level; errors are raised as exceptions


class OnnxNetwork:
    """A network from an untrusted file.

    It must have the expected inputs and outputs, and compute finite numbers for a small example, in
    bounded time and memory. ONNX has no operation that reads files or runs code, and weights in
    other files are refused. Loading has no time limit: it includes constant folding.

    Parameters
    ----------
    path : Path
    inputs : mapping of str to Shape
        Names and shapes of the inputs, all float32.
    outputs : mapping of str to Shape
        Names and shapes of the outputs, all float32; their batch size is that of the inputs.

    Raises
    ------
    ColorizationError
        If the file cannot be read, or is not such a network.
    """

    def __init__(
        self,
        path: Path,
        inputs: Mapping[str, Shape],
        outputs: Mapping[str, Shape],
    ) -> None:
        _bound_memory()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = FATAL
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.add_session_config_entry(EXTERNAL_WEIGHTS, os.devnull)  # in which there are none
        options.intra_op_num_threads = 1  # photographs are processed in parallel
        # ONNX Runtime's exception types vary between releases, hence the broad catch.
        try:
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
            actual_inputs = dict(map(_signature, self._session.get_inputs()))
            actual_outputs = dict(map(_signature, self._session.get_outputs()))
        except Exception as error:
            raise ColorizationError(f"{path} is not a network ({reason(error)})") from error
        if actual_inputs != _signatures(inputs) or actual_outputs != _signatures(outputs):
            raise ColorizationError(
                f"{path} is not a network from {', '.join(inputs)} to {', '.join(outputs)}"
            )
        self._path = path
        self._inputs, self._outputs = list(inputs), dict(outputs)
        self._try([np.zeros(_smallest(shape), np.float32) for shape in inputs.values()])

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """Compute the outputs, float32, from the inputs, float32.

        Raises
        ------
        ColorizationError
            If the network fails, for example for lack of memory.
        """
        return self._run(inputs, onnxruntime.RunOptions())

    def _run(
        self, inputs: Sequence[np.ndarray], options: onnxruntime.RunOptions
    ) -> list[np.ndarray]:
        # Free the memory of a photograph before the next one, which may be smaller.
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        feed = dict(zip(self._inputs, inputs, strict=True))
        try:
            outputs = self._session.run(list(self._outputs), feed, options)
        except Exception as error:
            raise ColorizationError(f"{self._path} cannot be used ({reason(error)})") from error
        for output, shape in zip(outputs, self._outputs.values(), strict=True):
            expected = (len(inputs[0]), *shape[1:])
            matches = (
                length in (None, actual)
                for actual, length in zip(output.shape, expected, strict=False)
            )
            if not output.size or output.ndim != len(expected) or not all(matches):
                raise ColorizationError(f"{self._path} returns an array of an unexpected shape")
        return outputs

    def _try(self, example: Sequence[np.ndarray]) -> None:
        options = onnxruntime.RunOptions()
        with _terminated_after(MOST_SECONDS, options):
            outputs = self._run(example, options)
        if not all(np.isfinite(output).all() for output in outputs):
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


def _signatures(arrays: Mapping[str, Shape]) -> dict[str, tuple[str, Shape]]:
    return {name: ("tensor(float)", shape) for name, shape in arrays.items()}


def _signature(array: onnxruntime.NodeArg) -> tuple[str, tuple[str, Shape]]:
    """Name, type and shape; ONNX Runtime has a name in place of a dynamic length."""
    lengths = (length if isinstance(length, int) else None for length in array.shape)
    return array.name, (array.type, tuple(lengths))
