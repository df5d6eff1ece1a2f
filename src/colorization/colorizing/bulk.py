"""Colorize many files with one model, several at a time.

Each file is processed by one thread, which runs the network, and a worker process, which decodes
and encodes, so that a file that crashes a decoder does not affect the others.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from colorization.colorizing.accepted import LARGEST_FILE
from colorization.colorizing.jobs import Job, Kind
from colorization.colorizing.memory_budget import MemoryBudget
from colorization.colorizing.predictor import Predictor
from colorization.colorizing.thumbnails import Thumbnails
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
class JobResult:
    """The result of a job.

    Attributes
    ----------
    job : Job
    kind : Kind
    reason : str
        Why the photograph failed, in one line; empty if it did not.
    warnings : list of str
        Warnings about the file.
    in_color : bool
        Whether the photograph has colors of its own.
    thumbnails : Thumbnails, optional
        Of the result, or of a photograph that was skipped because it is in color.
    """

    job: Job
    kind: Kind
    reason: str = ""
    warnings: list[str] = field(default_factory=list)
    in_color: bool = False
    thumbnails: Thumbnails | None = None


def colorize_files(
    predictor: Predictor,
    jobs: list[Job],
    workers: Workers,
    *,
    vividness: float | None = None,
    saturation: float,
    side_by_side: bool,
    skip_color: bool = False,
    thumbnails: bool = False,
    quiet: bool,
) -> Iterator[JobResult]:
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
    skip_color : bool
        Do not colorize photographs that have colors of their own.
    thumbnails : bool
        Make thumbnails, also of results that exist.
    quiet : bool
        Do not show a progress bar.

    Yields
    ------
    JobResult
        Of each job, in order.
    """
    run = _JobRunner(
        predictor,
        workers,
        vividness,
        saturation,
        side_by_side=side_by_side,
        skip_color=skip_color,
        thumbnails=thumbnails,
    )
    pending = iter(jobs)
    with (
        ThreadPoolExecutor(workers.count) as pool,
        nullcontext() if quiet else progress_bar("colorizing", len(jobs)) as bar,
    ):

        def submit(count: int) -> list[Future[JobResult]]:
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
        *,
        side_by_side: bool,
        skip_color: bool,
        thumbnails: bool,
    ) -> None:
        self._predictor = predictor
        self._workers = workers
        self._vividness = vividness
        self._saturation = saturation
        self._side_by_side = side_by_side
        self._skip_color = skip_color
        self._with_thumbnails = thumbnails
        self._made_with = predictor.sha256, predictor.checked_vividness(vividness), saturation
        self._memory = MemoryBudget(IN_FLIGHT)

    def __call__(self, job: Job) -> JobResult:
        """Colorize a photograph and write the result, unless it exists."""
        warnings: dict[str, None] = {}  # without duplicates
        kind, in_color = Kind.EXISTS, False
        try:
            if not job.exists:
                in_color = self._colorize(job, warnings)
                kind = Kind.IN_COLOR if in_color and self._skip_color else Kind.COLORIZED
        except Exception as error:  # no file may cost the other photographs
            return JobResult(job, Kind.FAILED, _reason(error), list(warnings))
        thumbnails = self._thumbnails(job, kind, warnings) if self._with_thumbnails else None
        return JobResult(job, kind, "", list(warnings), in_color, thumbnails)

    def _colorize(self, job: Job, warnings: dict[str, None]) -> bool:
        """Colorize a photograph, unless it is in color and such are skipped; return if it is."""
        size = job.input.stat().st_size
        if size > LARGEST_FILE:
            raise ColorizationError(f"{size:,} bytes, more than {LARGEST_FILE:,}")
        task = _Task(self._workers, job.input, job.page, warnings)
        per_pixel = PER_PIXEL + PER_PIXEL_SIDE_BY_SIDE * self._side_by_side
        needed = PER_PHOTOGRAPH + size + per_pixel * task.count_pixels()
        with self._memory.reserve(needed):
            sizes = self._predictor.image_size, self._predictor.embedder_size
            prepared = task("prepare_file", *sizes)
        if prepared.in_color and self._skip_color:
            return True
        with self._memory.reserve(PER_INPUT_PIXEL * prepared.input_pixels):
            (predicted,) = self._predictor.predict([prepared], [job.hints])
            ab = self._predictor.decode(predicted, self._vividness, self._saturation)
        with self._memory.reserve(needed):
            task(
                "write",
                ab,
                prepared.picture,
                job.output,
                (*self._made_with, job.hints),
                side_by_side=self._side_by_side,
                overwrite=job.overwrite,
            )
        return prepared.in_color

    def _thumbnails(self, job: Job, kind: Kind, warnings: dict[str, None]) -> Thumbnails | None:
        """Return thumbnails of what is in the end; None if that cannot be decoded."""
        source = _Task(self._workers, job.input, job.page, {})
        left_alone = kind is Kind.IN_COLOR
        path = job.input if left_alone else job.output
        task = source if left_alone else _Task(self._workers, path, None, {})
        try:
            pixels = task.count_pixels()
            right_half = self._side_by_side and not left_alone
            if kind is Kind.EXISTS:  # made with other options, maybe
                right_half = pixels == 2 * source.count_pixels()
            with self._memory.reserve(PER_PHOTOGRAPH + path.stat().st_size + PER_PIXEL * pixels):
                return task("make_thumbnails", right_half=right_half)
        except Exception as error:  # as above
            warnings[f"no preview of {path}: {_reason(error)}"] = None
            return None


class _Task:
    """Calls functions of `TASKS` for one file, with time for its pixels."""

    def __init__(
        self, workers: Workers, path: Path, page: int | None, warnings: dict[str, None]
    ) -> None:
        self._workers = workers
        self._photograph = path, page
        self._warnings = warnings
        self._pixels = 0

    def count_pixels(self) -> int:
        self._pixels = self("count_pixels")
        return self._pixels

    def __call__(self, function: str, *arguments: Any, **options: Any) -> Any:
        seconds = SECONDS + SECONDS_PER_PIXEL * self._pixels
        answer = self._workers.call(
            function, *self._photograph, *arguments, seconds=seconds, **options
        )
        self._warnings.update(dict.fromkeys(answer.warnings))
        return answer.value


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, MemoryError):
        return "not enough memory"
    return str(error) if isinstance(error, ColorizationError) else repr(error)
