"""Images on all cores, with a bound on how many pixels are in memory at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from joblib import Parallel, cpu_count, delayed

MOST_PIXELS = 90_000_000  # of all processes together; the largest image alone may have as many

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Postponed:
    """A task that is left for later, since it would decode so many pixels at a time."""

    pixels: int


def on_all_cores(
    work: Callable[[Task, int], Result | Postponed], tasks: Sequence[Task]
) -> Iterator[tuple[int, Result]]:
    """Work on all tasks: first on those of small images, then, on fewer cores, on the others.

    Parameters
    ----------
    work : callable
        Of a task, and of the most pixels that it may decode at a time; must be picklable.
    tasks : sequence

    Yields
    ------
    (int, result)
        A task's index, and what came of it, as soon as it is there.
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
