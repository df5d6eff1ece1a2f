"""Functions for tests of worker processes."""

import ctypes
import os
import signal
import sys
import time
import warnings
from pathlib import Path


def add(one: int, other: int = 0) -> int:
    return one + other


def process() -> int:
    return os.getpid()


def crash() -> None:
    os.abort()


def crash_once(marker: Path) -> str:
    """Like a decoder whose process an earlier image has corrupted."""
    if marker.exists():
        return "done"
    marker.touch()
    os.abort()


def run_out_of_memory() -> None:
    """Like the kernel killing the process with the most memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """Like a decoder in C that hangs, and holds the GIL."""
    ctypes.PyDLL(None).sleep(60)


def nap(seconds: float) -> None:
    time.sleep(seconds)


def fail(message: str) -> None:
    raise ValueError(message)


def speak() -> str:
    """Like libraries that write to the terminal, and warn repeatedly."""
    print("to standard output")
    sys.stderr.write("to standard error\n")
    os.write(1, b"to file 1\n")
    os.write(2, b"to file 2\n")
    for _ in range(2):
        warnings.warn("doubtful", stacklevel=1)
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    return "said"


def give(size: int) -> bytes:
    return bytes(size)
