"""Processes images on all cores, with a limit on the number of pixels in memory."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from colorization.core.errors import ColorizationError
from colorization.core.workers import Workers

MAX_PIXELS = 90_000_000  # in all processes together; the largest image alone may have as many
TIMEOUT = 300.0  # seconds for a task; a decoder that takes longer hangs
AHEAD = 2  # tasks for each process that run or have a result, so that none waits for the caller

Result = TypeVar("Result")


@dataclass(frozen=True)
class Postponed:
    """A task to repeat later, on fewer cores: it would decode too many pixels."""

    pixels: int


def imap_unordered(
    function: Callable[..., Result | Postponed], tasks: Sequence[tuple]
) -> Iterator[tuple[int, Result | ColorizationError]]:
    """Call a function for each task, in any order: large images come last, on fewer cores.

    While the caller processes a result, at most `AHEAD` others for each process are computed.

    Parameters
    ----------
    function : callable
        Defined at the top level of a module. Takes the arguments of a task, and the number of
        pixels that it may decode at a time. Returns a result, or `Postponed` if it needs more.
    tasks : sequence of tuple
        The arguments of each task.

    Yields
    ------
    (int, result)
        A task's index and its result as soon as it is available, or the `ColorizationError` that
        was raised, for example because a decoder crashed or timed out.
    """
    from joblib import cpu_count  # noqa: PLC0415 (slow, and the workers import this module, too)

    remaining: Sequence[int] = range(len(tasks))
    processes = max(1, min(cpu_count(), len(tasks)))
    max_pixels = MAX_PIXELS // processes
    with Workers(function.__module__, processes) as workers:

        def call(index: int) -> Result | Postponed | ColorizationError:
            try:
                arguments = (*tasks[index], max_pixels)
                return workers.call(function.__name__, *arguments, seconds=TIMEOUT).value
            except ColorizationError as error:
                return error

        while remaining:
            postponed = {}
            pending = iter(remaining)
            with ThreadPoolExecutor(processes) as pool:
                first = islice(pending, AHEAD * processes)
                indices: dict[Future, int] = {pool.submit(call, index): index for index in first}
                try:
                    while indices:
                        # One at a time: other results count until the caller takes them.
                        future = wait(indices, return_when=FIRST_COMPLETED).done.pop()
                        index, result = indices.pop(future), future.result()
                        del future  # it holds the result
                        for following in islice(pending, 1):
                            indices[pool.submit(call, following)] = following
                        if isinstance(result, Postponed):
                            postponed[index] = result.pixels
                        else:
                            yield index, result
                finally:
                    pool.shutdown(cancel_futures=True)
            remaining = sorted(postponed)
            max_pixels = max(postponed.values(), default=0)
            processes = max(1, MAX_PIXELS // max(max_pixels, 1))
