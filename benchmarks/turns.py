"""Several ways to do the same, each in a process of its own, measured in turns.

What disturbs the machine for a while then disturbs them all, and ratios hold where seconds do not.
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
    """Wall time in seconds of every turn, and the most memory in MiB of the process.

    The memory includes all that a script imports: PyTorch beside TensorFlow, if it compares them.
    """

    seconds: list[float]
    memory: float

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


def measure(ways: Mapping[str, Callable[[], Step]], turns: int) -> dict[str, Measured]:
    """Prepare all ways and call each once, untimed; then time one call of each, turn by turn.

    Parameters
    ----------
    ways : mapping of str to callable
        Each prepares in its process and returns what is to be timed; must be picklable.
    turns : int

    Returns
    -------
    dict of str to Measured
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    context = multiprocessing.get_context("spawn")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, context, _prepare, (way,)))
            for name, way in ways.items()
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
        The way that `precision: auto` takes.
    images : int
        Images of a turn.
    more : mapping of str to mapping of str to str, optional
        More columns by their title, each with a text for every way.
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


def _prepare(way: Callable[[], Step]) -> None:
    global _step  # noqa: PLW0603 (the process has one step, which cannot be sent)
    _step = way()


def _time() -> float:
    started = time.perf_counter()
    _step()
    return time.perf_counter() - started


def _memory() -> float:
    # Linux's VmHWM; getrusage would begin with the parent's.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak) / 1024


def peak_memory(process: subprocess.Popen) -> float:
    """Watch a process until it ends: the most memory in MiB of it and its children together.

    The sum is of proportional set sizes, in which pages that are shared count once.
    """
    peak = 0
    while process.poll() is None:
        with suppress(psutil.Error):  # one of them has just ended
            root = psutil.Process(process.pid)
            sizes = [each.memory_full_info().pss for each in (root, *root.children(recursive=True))]
            peak = max(peak, sum(sizes))
        time.sleep(SECONDS_BETWEEN_SAMPLES)
    return peak / 2**20


@contextmanager
def quiet() -> Iterator[None]:
    """Keep progress out of what a script prints."""
    with redirect_stdout(io.StringIO()):
        yield


def hardware() -> dict[str, str | int]:
    """Processor, usable cores, platform and Python, and how TensorFlow is told to compute."""
    known = provenance.machine()
    named = known.model_dump(include={"processor", "cores", "platform", "python"})
    return named | known.variables


def machine(*packages: str) -> str:
    """Hardware, and versions of Keras, its backend and some more packages, in one line."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    versions = {name: metadata.version(name) for name in (backend, "keras", *packages)}
    facts = hardware() | versions
    return ", ".join(f"{name} {value}" for name, value in facts.items())
