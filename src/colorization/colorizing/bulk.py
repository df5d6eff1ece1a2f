"""Colorize many files with one model, several at a time.

Each file is processed by one thread, which runs the network, and a worker process, which decodes
and encodes, so that a file that crashes a decoder does not affect the others.
"""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any

from colorization.colorizing.accepted import LARGEST_FILE
from colorization.colorizing.jobs import Job
from colorization.colorizing.predictor import Predictor
from colorization.core.errors import ColorizationError
from colorization.core.progress import progress_bar
from colorization.core.workers import Workers

# Bytes. With ONNX Runtime and the libraries, the program and 8 workers need 2 GiB in total.
IN_FLIGHT = 700_000_000  # for all photographs in progress; a larger one is processed alone
PER_PHOTOGRAPH = 15_000_000  # for the strips that are converted at a time
PER_PIXEL = 12  # 4 for the photograph, 4 for the result, 4 for transparency and encoded bytes
PER_PIXEL_SIDE_BY_SIDE = 4  # in addition, if the gray photograph is to the left of the result
PER_INPUT_PIXEL = 1024  # of a network's widest layers, several with 64 channels of float32
AHEAD = 4  # jobs submitted per thread, so that no thread waits for a slow one

TASKS = "colorization.colorizing.tasks"  # the workers' module
# Timeout of a decoder; the slowest take about a second for 10 megapixels.
SECONDS = 60.0
SECONDS_PER_PIXEL = 5e-6


@dataclass(frozen=True)
class Outcome:
    """The result of a job.

    Attributes
    ----------
    job : Job
    reason : str
        Why the photograph was not colorized, in one line; empty if it was.
    warnings : list of str
        Warnings about the file.
    """

    job: Job
    reason: str
    warnings: list[str]


def colorize_files(
    predictor: Predictor,
    jobs: list[Job],
    workers: Workers,
    *,
    vividness: float | None = None,
    saturation: float,
    side_by_side: bool,
    quiet: bool,
) -> Iterator[Outcome]:
    """Colorize files, at most as many at a time as there are workers.

    Each photograph is decoded small for the network, then in full size for the result. The
    photographs in progress share a fixed amount of memory, so memory does not grow with the number
    of files. Each worker adds up to 100 MB for Python, its libraries and freed memory.

    Parameters
    ----------
    predictor : Predictor
    jobs : list of Job
    workers : Workers
        Workers of the module `TASKS`.
    vividness, saturation
        See `Predictor.decode`.
    side_by_side : bool
        Put the gray photograph to the left of the result.
    quiet : bool
        Do not show a progress bar.

    Yields
    ------
    Outcome
        Of each job, in order.
    """
    run = _JobRunner(predictor, workers, vividness, saturation, side_by_side)
    pending = iter(jobs)
    with (
        ThreadPoolExecutor(workers.count) as pool,
        nullcontext() if quiet else progress_bar("colorizing", len(jobs)) as bar,
    ):

        def submit(count: int) -> list[Future[Outcome]]:
            return [pool.submit(run, job) for job in islice(pending, count)]

        futures = deque(submit(AHEAD * workers.count))
        try:
            while futures:
                yield futures.popleft().result()
                futures += submit(1)
                if bar is not None:
                    bar.update()
        finally:
            pool.shutdown(cancel_futures=True)  # if interrupted, finish only running jobs


class _JobRunner:
    """Runs jobs, from several threads, within a shared memory budget."""

    def __init__(
        self,
        predictor: Predictor,
        workers: Workers,
        vividness: float | None,
        saturation: float,
        side_by_side: bool,
    ) -> None:
        self._predictor = predictor
        self._workers = workers
        self._vividness = vividness
        self._saturation = saturation
        self._side_by_side = side_by_side
        self._made_with = predictor.sha256, predictor.checked_vividness(vividness), saturation
        self._memory = _MemoryBudget(IN_FLIGHT)

    def __call__(self, job: Job) -> Outcome:
        """Colorize a photograph and write the result."""
        warnings: dict[str, None] = {}  # without duplicates
        try:
            self._colorize(job, warnings)
        except (ColorizationError, MemoryError) as error:
            return Outcome(job, str(error) or "not enough memory", list(warnings))
        except OSError as error:
            return Outcome(job, error.strerror or str(error), list(warnings))
        return Outcome(job, "", list(warnings))

    def _colorize(self, job: Job, warnings: dict[str, None]) -> None:
        size = job.input.stat().st_size
        if size > LARGEST_FILE:
            raise ColorizationError(f"{size:,} bytes, more than {LARGEST_FILE:,}")
        pixels = 0

        def call(task: str, *arguments: Any, **options: Any) -> Any:
            seconds = SECONDS + SECONDS_PER_PIXEL * pixels
            photograph = job.input, job.page
            answer = self._workers.call(task, *photograph, *arguments, seconds=seconds, **options)
            warnings.update(dict.fromkeys(answer.warnings))
            return answer.value

        pixels = call("count_pixels")
        per_pixel = PER_PIXEL + PER_PIXEL_SIDE_BY_SIDE * self._side_by_side
        needed = PER_PHOTOGRAPH + size + per_pixel * pixels
        with self._memory.reserve(needed):
            sizes = self._predictor.image_size, self._predictor.embedder_size
            prepared = call("prepare_input", *sizes)
        with self._memory.reserve(PER_INPUT_PIXEL * prepared.input_pixels):
            (predicted,) = self._predictor.predict([prepared], [job.hints])
            ab = self._predictor.decode(predicted, self._vividness, self._saturation)
        with self._memory.reserve(needed):
            call(
                "write",
                ab,
                prepared.picture,
                job.output,
                (*self._made_with, job.hints),
                side_by_side=self._side_by_side,
                overwrite=job.overwrite,
            )


class _MemoryBudget:
    """Bytes shared by threads: a thread waits until the bytes it needs are free."""

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, needed: int) -> Iterator[None]:
        """Reserve `needed` bytes during a block, or all bytes if `needed` is more."""
        needed = min(needed, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= needed)
            self._free -= needed
        try:
            yield
        finally:
            with self._changed:
                self._free += needed
                self._changed.notify_all()
