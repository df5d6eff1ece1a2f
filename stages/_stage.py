"""Runs a stage: the command line, error messages and timing that all stages share.

Importing this module puts this checkout's src/ first on the path: an installed package may belong
to another checkout, as in `dvc exp run --temp`.
"""

import argparse
import inspect
import os
import platform
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
# TensorFlow's log messages would hide ours. Its errors are exceptions all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if platform.machine() in ("x86_64", "AMD64"):
    # By default TensorFlow uses oneDNN only where there is AVX512; see benchmarks/onednn.py.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from _paths import RUNS
from colorization.core.errors import ColorizationError
from colorization.core.provenance import Run, machine

# TensorFlow's native code writes some messages before it knows the log level, and not through
# Python's sys.stderr. They are discarded while a stage is imported.
_STDERR = os.dup(2)
sys.stderr = open(_STDERR, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
with Path(os.devnull).open("w") as _nowhere:
    os.dup2(_nowhere.fileno(), 2)


def _interrupted() -> str:
    return f"{Path(sys.argv[0]).stem}: interrupted; the same command finishes the work"


def _excepthook(kind: type[BaseException], *error: Any) -> None:
    """Ctrl-C while a stage is imported, which takes seconds with Keras, needs no traceback."""
    if kind is KeyboardInterrupt:
        print(_interrupted(), file=sys.stderr)
    else:
        sys.__excepthook__(kind, *error)


sys.excepthook = _excepthook


@dataclass(frozen=True)
class Measurements:
    """A stage's own measurements of its run; see `provenance.Run`.

    A run that resumed from a checkpoint has the time spent before it in `earlier_seconds`.
    """

    images_per_second: float | None = None
    devices: tuple[str, ...] | None = None
    train_mse: float | None = None
    earlier_seconds: float = 0.0


def run(main: Callable[..., Measurements | None], *, record: bool = True) -> None:
    """Call a stage's main with the arguments of the command line.

    Each parameter of `main` is an argument, of the type it is annotated with. If `record`, a file
    in data/runs records how long the stage took and on which machine; tools do without.

    On an error that the user can correct, the stage exits with status 1 and prints one line on it.
    """
    _restore_stderr()
    stage = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    for name, parameter in inspect.signature(main).parameters.items():
        parser.add_argument(name, type=parameter.annotation)
    arguments = vars(parser.parse_args())
    started = time.perf_counter()
    signal.signal(signal.SIGTERM, _interrupt)  # as Ctrl-C: partial outputs are removed
    try:
        measured = main(**arguments) or Measurements()
        if record:
            Run(
                stage=stage,
                seconds=round(time.perf_counter() - started + measured.earlier_seconds, 2),
                images_per_second=measured.images_per_second,
                devices=measured.devices,
                train_mse=measured.train_mse,
                machine=machine(),
            ).write(run_file(stage, *arguments.values()))
    except ColorizationError as error:
        sys.exit(f"{stage}: {error}")
    except OSError as error:
        sys.exit(f"{stage}: {_reason(error)}")
    except KeyboardInterrupt:
        sys.exit(_interrupted())
    except Exception as error:
        if not _out_of_memory(error):
            raise
        sys.exit(f"{stage}: not enough memory; in params.yaml, lower batch_size or image_size")


def run_file(stage: str, *arguments: object) -> Path:
    """The file that records the last run of a stage, of one instance where it has arguments."""
    name = "-".join(map(str, arguments))
    return RUNS / stage / f"{name}.json" if name else RUNS / f"{stage}.json"


def _restore_stderr() -> None:
    """Stop discarding stderr, once TensorFlow has listed the GPUs."""
    if tensorflow := sys.modules.get("tensorflow"):
        tensorflow.config.list_physical_devices()
    os.dup2(_STDERR, 2)


def _out_of_memory(error: Exception) -> bool:
    """Whether Python, TensorFlow or JAX ran out of this machine's or a GPU's memory.

    Or the system killed a worker of joblib, which is how Linux frees memory.
    """
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ in ("ResourceExhaustedError", "TerminatedWorkerError")
        or str(error).startswith("RESOURCE_EXHAUSTED")
    )


def _reason(error: OSError) -> str:
    """Describe an OSError in one line, in the operating system's words."""
    where = f"{error.filename}: " if error.filename else ""  # a full disk gives none
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        _, out, why = error.args[0][0]  # it lists the files that could not be copied
        why = re.sub(r"^\[Errno \d+\] (.*?)(: '.*')?$", r"\1", why)
        return f"{out}: {why}"
    message = " ".join(str(error).split())
    # HDF5 hides file and error number in a long message; NumPy tells only how much it wrote.
    if hidden := re.search(r"filename = '(.*?)'.*errno = (\d+)", message):
        return f"{hidden[1]}: {os.strerror(int(hidden[2]))}"
    if re.fullmatch(r"\d+ requested and \d+ written", message):
        return f"an array could not be written completely: is the disk full? ({message})"
    return f"{where}{error.strerror or message}"


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
