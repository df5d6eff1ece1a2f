"""Colorize many photographs with one model: one thread takes each from its file to the result.

The thread runs the network. A worker process decodes and encodes the photograph, so that a file
that crashes a decoder costs itself alone.
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

# Bytes. With what ONNX Runtime and the libraries take, the program and 8 workers need 2 GiB in all.
IN_FLIGHT = 700_000_000  # for all photographs in work; one that needs more is in work alone
PER_PHOTOGRAPH = 15_000_000  # for the strips that are converted at a time
PER_PIXEL = 12  # 4 for the photograph, 4 for the result, 4 for transparency and encoded bytes
PER_PIXEL_BESIDE = 4  # more, if the gray photograph stands beside the result
PER_SEEN_PIXEL = 1024  # of the widest layers of a network, 64 channels of float32, several at once
AHEAD = 4  # jobs handed out per thread, so that no thread waits for a slow one

TASKS = "colorization.colorizing.tasks"  # the module of the workers
# A decoder that takes longer hangs: the slowest take about a second for 10 megapixels.
SECONDS = 60.0
SECONDS_PER_PIXEL = 5e-6


@dataclass(frozen=True)
class Outcome:
    """What came of a photograph.

    Attributes
    ----------
    job : Job
    reason : str
        Why it was not colorized, in one line; empty if it was.
    warnings : list of str
        What is doubtful about its file.
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
    """Colorize files, as many at a time as there are workers.

    Each photograph is decoded twice: small for the network, then whole to be written. Only as many
    are in work at a time as fit into memory. Memory thus does not grow with the number of files,
    and only by up to 100 MB, of Python, its libraries and freed memory, with each worker.

    Parameters
    ----------
    predictor : Predictor
    jobs : list of Job
    workers : Workers
        Of the module `TASKS`.
    vividness : float, optional
        Position of the model's dial. By default, the model's own.
    saturation : float
        Factor on the predicted a and b.
    side_by_side : bool
        Put the gray photograph to the left.
    quiet : bool
        Show no progress.

    Yields
    ------
    Outcome
        Of each job, in order.
    """
    work = _Work(predictor, workers, vividness, saturation, side_by_side)
    waiting = iter(jobs)
    with (
        ThreadPoolExecutor(workers.count) as pool,
        nullcontext() if quiet else progress_bar("colorizing", len(jobs)) as bar,
    ):

        def begin(count: int) -> list[Future[Outcome]]:
            return [pool.submit(work.colorize, job) for job in islice(waiting, count)]

        begun = deque(begin(AHEAD * workers.count))
        try:
            while begun:
                yield begun.popleft().result()
                begun += begin(1)
                if bar is not None:
                    bar.update()
        finally:
            pool.shutdown(cancel_futures=True)  # if interrupted, only what is in work is finished


class _Work:
    """The work of a thread on one photograph, within the memory that all threads share."""

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
        self._made_with = predictor.sha256, predictor.position(vividness), saturation
        self._memory = _Memory(IN_FLIGHT)

    def colorize(self, job: Job) -> Outcome:
        """Predict the colors of a photograph, join them with it, and write the result."""
        warnings: dict[str, None] = {}  # each once
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
        per_pixel = PER_PIXEL + PER_PIXEL_BESIDE * self._side_by_side
        needed = PER_PHOTOGRAPH + size + per_pixel * pixels
        with self._memory.held(needed):
            L = call("network_input", self._predictor.image_size)
        with self._memory.held(PER_SEEN_PIXEL * L.size):
            ab = self._predictor.turn(self._predictor.predict([L])[0], self._vividness)
        with self._memory.held(needed):
            call(
                "write",
                self._saturation * ab,
                job.output,
                self._made_with,
                beside_gray=self._side_by_side,
                overwrite=job.overwrite,
            )


class _Memory:
    """The bytes that threads share: a thread waits until as many as it needs are free."""

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def held(self, needed: int) -> Iterator[None]:
        """Hold `needed` bytes during a block, or all bytes if `needed` is more."""
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
