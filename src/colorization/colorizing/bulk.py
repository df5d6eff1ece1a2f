"""Colorize many photographs with one model: one thread takes each from its file to the result."""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path

from colorization.colorizing import originals
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.jobs import Failure, Job
from colorization.colorizing.mark import mark
from colorization.core.errors import ColorizationError
from colorization.core.progress import progress_bar
from colorization.sources import archives

# Bytes. With what ONNX Runtime and the libraries take, the program needs 2 GiB in all.
IN_FLIGHT = 700_000_000  # for all photographs in work; one that needs more is in work alone
PER_PHOTOGRAPH = 15_000_000  # for the strips that are converted at a time
PER_PIXEL = 12  # 4 for the photograph, 4 for the result, 4 for transparency and encoded bytes
PER_PIXEL_BESIDE = 4  # more, if the grey photograph stands beside the result
PER_SEEN_PIXEL = 1024  # of the widest layers of a network, 64 channels of float32, several at once
AHEAD = 4  # jobs handed out per thread, so that no thread waits for a slow one
LARGEST_FILE = 2 * archives.MAX_BYTES  # the limit on pixels is doubled here, too


def colorize_files(
    colorizer: Colorizer,
    jobs: list[Job],
    *,
    vividness: float | None = None,
    saturation: float,
    side_by_side: bool,
    threads: int,
    quiet: bool,
) -> Iterator[Failure]:
    """Colorize files, and yield a failure for each that cannot be colorized.

    Each photograph is decoded twice: small for the network, then whole to be written. Only as many
    are in work at a time as fit into memory. Memory thus grows neither with the threads nor with
    the number of files.

    Parameters
    ----------
    colorizer : Colorizer
    jobs : list of Job
    vividness : float, optional
        Position of the model's dial. By default, the model's own.
    saturation : float
        Factor on the predicted a and b.
    side_by_side : bool
        Put the grey photograph to the left.
    threads : int
        Photographs at a time.
    quiet : bool
        Show no progress.

    Yields
    ------
    Failure
    """
    work = _Work(colorizer, vividness, saturation, side_by_side)
    waiting = iter(jobs)
    with (
        ThreadPoolExecutor(threads) as pool,
        nullcontext() if quiet else progress_bar("colorizing", len(jobs)) as bar,
    ):

        def begin(count: int) -> list[tuple[Job, Future]]:
            return [(job, pool.submit(work.colorize, job)) for job in islice(waiting, count)]

        begun = deque(begin(AHEAD * threads))
        try:
            while begun:
                job, future = begun.popleft()
                if reason := _reason(future):
                    yield Failure(str(job.input), reason)
                begun += begin(1)
                if bar is not None:
                    bar.update()
        finally:
            pool.shutdown(cancel_futures=True)  # if interrupted, only what is in work is finished


class _Work:
    """The work of a thread on one photograph, within the memory that all threads share."""

    def __init__(
        self,
        colorizer: Colorizer,
        vividness: float | None,
        saturation: float,
        side_by_side: bool,
    ) -> None:
        self._colorizer = colorizer
        self._vividness = vividness
        self._saturation = saturation
        self._side_by_side = side_by_side
        self._mark = mark(colorizer.sha256, colorizer.position(vividness), saturation)
        self._memory = _Memory(IN_FLIGHT)

    def colorize(self, job: Job) -> None:
        """Predict the colours of a photograph, join them with it, and write the result."""
        with self._memory.held(self._needed(job.input)):
            L = self._colorizer.see(job.input)
        with self._memory.held(PER_SEEN_PIXEL * L.size):
            ab = self._colorizer.turn(self._colorizer.predict([L])[0], self._vividness)
        with self._memory.held(self._needed(job.input)):
            original = originals.read_original(job.input)
            coloured = originals.join(
                original.rgb, self._saturation * ab, beside_grey=self._side_by_side
            )
            original = replace(original, rgb=coloured)  # the grey one is no longer needed
            try:
                originals.write_original(
                    original, coloured, job.output, mark=self._mark, replace=job.overwrite
                )
            except OSError as error:
                raise ColorizationError(_why_not_written(error, job.output)) from error

    def _needed(self, path: Path) -> int:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ColorizationError(f"{size:,} bytes, more than {LARGEST_FILE:,}")
        per_pixel = PER_PIXEL + PER_PIXEL_BESIDE * self._side_by_side
        return PER_PHOTOGRAPH + size + per_pixel * originals.pixels(path)


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


def _why_not_written(error: OSError, out: Path) -> str:
    if isinstance(error, FileExistsError) and error.filename == str(out):
        return f"{out} is there already; --overwrite replaces it"
    return f"cannot write {out}: {error.strerror or error}"


def _reason(future: Future) -> str:
    """The reason why a thread failed, in one line; empty if it did not fail."""
    error = future.exception()
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, (ColorizationError, MemoryError)):
        return str(error) or "not enough memory"
    if error is not None:
        raise error
    return ""
