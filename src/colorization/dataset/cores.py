"""Processes images on all cores, with a limit on the pixels in memory at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from joblib import Parallel, cpu_count, delayed

MOST_PIXELS = 90_000_000  # in all processes together; the largest image alone may have as many

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Postponed:
    """A task left for later, since it would decode too many pixels at a time."""

    pixels: int


def on_all_cores(
    work: Callable[[Task, int], Result | Postponed], tasks: Sequence[Task]
) -> Iterator[tuple[int, Result]]:
    """Do all tasks: first those of small images, then those of large images, on fewer cores.

    Parameters
    ----------
    work : callable
        Takes a task, and the most pixels that it may decode at a time; must be picklable. Gives
        a result, or `Postponed` if the task would decode more.
    tasks : sequence

    Yields
    ------
    (int, result)
        A task's index and its result, as soon as the task is done.
    """
    left: Iterable[int] = range(len(tasks))
    processes = max(1, min(cpu_count(), len(tasks)))
    most = MOST_PIXELS // processes
    while left:
        postponed = {}
        done = Parallel(n_jobs=processes, return_as="generator_unordered")(
            delayed(_numbered)(work, index, tasks[index], most) for index in left
        )
        for index, result in done:
            if isinstance(result, Postponed):
                postponed[index] = result.pixels
            else:
                yield index, result
        left = sorted(postponed)
        most = max(postponed.values(), default=0)
        processes = max(1, MOST_PIXELS // max(most, 1))


def _numbered(
    work: Callable[[Task, int], Result], index: int, task: Task, most: int
) -> tuple[int, Result]:
    return index, work(task, most)
