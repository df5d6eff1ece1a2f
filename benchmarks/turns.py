"""Compares several methods, each in a process of its own, measured in turns.

A temporary load on the machine then affects all of them, and the ratios remain meaningful.
"""

import io
import multiprocessing
import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pandas as pd
import psutil

from colorization.core import provenance

SECONDS_BETWEEN_SAMPLES = 0.02

Step = Callable[[], object]  # what is timed; returns when it is done


@dataclass(frozen=True)
class Measured:
    """Wall time in seconds of each turn, and peak memory in MiB of the process.

    The memory includes all imports of a script, such as both PyTorch and TensorFlow.
    """

    seconds: list[float]
    memory: float

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


def measure(methods: Mapping[str, Callable[[], Step]], turns: int) -> dict[str, Measured]:
    """Prepare all methods and call each once, untimed; then time one call of each per turn.

    Parameters
    ----------
    methods : mapping of str to callable
        Each is called in its process and returns the function to time; must be picklable.
    turns : int

    Returns
    -------
    dict of str to Measured
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    context = multiprocessing.get_context("spawn")
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, context, _prepare, (method,)))
            for name, method in methods.items()
        }
        for turn in range(turns + 1):
            for name, process in processes.items():
                taken = process.submit(_time).result()
                if turn > 0:
                    seconds[name].append(taken)
        return {
            name: Measured(seconds[name], process.submit(_memory).result())
            for name, process in processes.items()
        }


def table(
    measured: Mapping[str, Measured],
    chosen: str,
    images: int,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Tabulate images per second, ratios and memory in Markdown.

    Parameters
    ----------
    measured : mapping of str to Measured
    chosen : str
        The method that `precision: auto` selects.
    images : int
        Images of a turn.
    more : mapping of str to mapping of str to str, optional
        Further columns by their title, each with a text for every method.
    """
    rows = [
        {
            "": f"{name} (auto)" if name == chosen else name,
            "images per second": f"{images / result.median:.2f}",
            "auto is faster by": f"{result.median / measured[chosen].median:.2f}",
            **{title: texts[name] for title, texts in (more or {}).items()},
            "peak memory, MiB": f"{result.memory:,.0f}",
        }
        for name, result in measured.items()
    ]
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


_step: Step


def _prepare(method: Callable[[], Step]) -> None:
    global _step  # noqa: PLW0603 (the process has one step, which cannot be sent)
    _step = method()


def _time() -> float:
    started = time.perf_counter()
    _step()
    return time.perf_counter() - started


def _memory() -> float:
    # Linux's VmHWM; getrusage would begin with the parent's.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak) / 1024


def peak_memory(process: subprocess.Popen) -> float:
    """Return the peak memory in MiB of a process and its children, once it has ended.

    The sum of proportional set sizes, in which shared pages count once.
    """
    peak = 0
    while process.poll() is None:
        with suppress(psutil.Error):  # one of them has just exited
            root = psutil.Process(process.pid)
            sizes = [
                process.memory_full_info().pss for process in (root, *root.children(recursive=True))
            ]
            peak = max(peak, sum(sizes))
        time.sleep(SECONDS_BETWEEN_SAMPLES)
    return peak / 2**20


@contextmanager
def quiet() -> Iterator[None]:
    """Redirect progress away from the output."""
    with redirect_stdout(io.StringIO()):
        yield


def hardware() -> dict[str, str | int]:
    """Describe processor, usable cores, platform, Python and environment variables."""
    machine = provenance.machine()
    facts = machine.model_dump(include={"processor", "cores", "platform", "python"})
    return facts | machine.variables


def machine(*packages: str) -> str:
    """Describe hardware and versions of packages in one line."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    versions = {name: metadata.version(name) for name in (backend, "keras", *packages)}
    facts = hardware() | versions
    return ", ".join(f"{name} {value}" for name, value in facts.items())
