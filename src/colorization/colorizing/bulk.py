"""Many photographs through one model: read and written by threads, predicted in batches."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path

import numpy as np

from colorization.colorizing import originals
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.jobs import Failure, Job
from colorization.core.errors import ColorizationError
from colorization.core.progress import progress_bar

LARGE = 20_000_000  # px; of larger photographs one at a time is in memory


def colorize_files(
    colorizer: Colorizer,
    jobs: list[Job],
    *,
    saturation: float,
    side_by_side: bool,
    batch_size: int,
    threads: int,
    quiet: bool,
) -> Iterator[Failure]:
    """Colorize files, and name those that fail as soon as they do.

    A photograph is decoded twice, small for the network and whole when its turn comes to be
    written, so that memory does not grow with the batch, nor with the number of files.

    Parameters
    ----------
    colorizer : Colorizer
    jobs : list of Job
    saturation : float
        What the predicted a and b are multiplied by.
    side_by_side : bool
        Put the grey photograph to the left.
    batch_size : int
    threads : int
        That read and write.
    quiet : bool
        Show no progress.

    Yields
    ------
    Failure
    """
    work = _Work(colorizer, saturation, side_by_side)
    groups = [jobs[start : start + batch_size] for start in range(0, len(jobs), batch_size)]
    with (
        ThreadPoolExecutor(threads) as pool,
        nullcontext() if quiet else progress_bar("colorizing", len(jobs)) as bar,
    ):

        def finish(pairs: list[tuple[Job, Future]]) -> Iterator[Failure]:
            for job, future in pairs:
                if reason := _reason(future):
                    yield Failure(str(job.input), reason)
                if bar is not None:
                    bar.update()

        reading = [pool.submit(work.read, job) for job in next(iter(groups), [])]
        writing: list[tuple[Job, Future]] = []
        for index, group in enumerate(groups):
            read = list(zip(group, reading, strict=True))
            following = next(islice(groups, index + 1, None), [])
            reading = [pool.submit(work.read, job) for job in following]
            yield from finish([pair for pair in read if _reason(pair[1])])
            good = [(job, future.result()) for job, future in read if not _reason(future)]
            predicted = colorizer.predict([L for _, L in good]) if good else []
            yield from finish(writing)
            writing = [
                (job, pool.submit(work.write, job, ab))
                for (job, _), ab in zip(good, predicted, strict=True)
            ]
        yield from finish(writing)


class _Work:
    """What the threads do; large photographs take turns."""

    def __init__(self, colorizer: Colorizer, saturation: float, side_by_side: bool) -> None:
        self._colorizer = colorizer
        self._saturation = saturation
        self._side_by_side = side_by_side
        self._turn = threading.Lock()

    def read(self, job: Job) -> np.ndarray:
        """L as the network sees it."""
        with self._turn_of(job.input):
            return self._colorizer.see(job.input)

    def write(self, job: Job, ab: np.ndarray) -> None:
        """Join a photograph with its colours and write it."""
        with self._turn_of(job.input):
            original = originals.read_original(job.input)
            coloured = originals.join(
                original.rgb, self._saturation * ab, beside_grey=self._side_by_side
            )
            originals.write_original(original, coloured, job.output)

    def _turn_of(self, path: Path) -> AbstractContextManager:
        return self._turn if originals.pixels(path) > LARGE else nullcontext()


def _reason(future: Future) -> str:
    """Why a thread failed, in one line; empty where it did not."""
    error = future.exception()
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, (ColorizationError, MemoryError)):
        return str(error) or "not enough memory"
    if error is not None:
        raise error
    return ""
