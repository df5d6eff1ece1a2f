"""Processes images on all cores, with a limit on the pixels in memory at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

from colorization.core.errors import ColorizationError
from colorization.core.workers import Workers

MOST_PIXELS = 90_000_000  # in all processes together; the largest image alone may have as many
SECONDS = 300.0  # for a task; a decoder that takes longer hangs

Result = TypeVar("Result")


@dataclass(frozen=True)
class Postponed:
    """A task left for later, since it would decode too many pixels at a time."""

    pixels: int


def imap_unordered(
    work: Callable[..., Result | Postponed], tasks: Sequence[tuple]
) -> Iterator[tuple[int, Result | ColorizationError]]:
    """Do all tasks: first those of small images, then those of large images, on fewer cores.

    Parameters
    ----------
    work : callable
        Of the top level of a module. Takes the arguments of a task, and the most pixels that it
        may decode at a time. Gives a result, or `Postponed` if the task would decode more.
    tasks : sequence of tuple
        The arguments of each task.

    Yields
    ------
    (int, result)
        A task's index and its result, as soon as the task is done; or the `ColorizationError` that
        it raised, also since a decoder crashed or did not end.
    """
    from joblib import cpu_count  # noqa: PLC0415 (slow, and the workers import this module, too)

    left: Iterable[int] = range(len(tasks))
    processes = max(1, min(cpu_count(), len(tasks)))
    most = MOST_PIXELS // processes
    with Workers(work.__module__, processes) as workers:

        def do(index: int) -> Result | Postponed | ColorizationError:
            try:
                arguments = (*tasks[index], most)
                return workers.call(work.__name__, *arguments, seconds=SECONDS).value
            except ColorizationError as error:
                return error

        while left:
            postponed = {}
            with ThreadPoolExecutor(processes) as pool:
                indices = {pool.submit(do, index): index for index in left}
                try:
                    for future in as_completed(indices):
                        result = future.result()
                        if isinstance(result, Postponed):
                            postponed[indices[future]] = result.pixels
                        else:
                            yield indices[future], result
                finally:
                    pool.shutdown(cancel_futures=True)
            left = sorted(postponed)
            most = max(postponed.values(), default=0)
            processes = max(1, MOST_PIXELS // max(most, 1))
