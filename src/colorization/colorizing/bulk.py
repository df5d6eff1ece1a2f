"""Many photographs through one model: each by one thread, from its file to the colorized one."""

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

# Bytes, beside what ONNX Runtime and the libraries take: 2 GiB in all.
IN_FLIGHT = 700_000_000  # of the photographs that are in work; one that takes more is alone
PER_PHOTOGRAPH = 15_000_000  # for what is converted at a time
PER_PIXEL = 12  # photograph and result 4 each, 4 for their transparency and their encoded bytes
PER_PIXEL_BESIDE = 4  # where the grey photograph stands beside the result
PER_SEEN_PIXEL = 1024  # of the widest layers of a network, 64 channels of float32, several at once
AHEAD = 4  # jobs that are handed to each thread, so that none waits for a slow one beside it
LARGEST_FILE = 2 * archives.MAX_BYTES  # here, twice as many pixels are decoded, too


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
    """Colorize files, and name those that fail as soon as they do.

    A photograph is decoded twice, small for the network and whole when its turn comes to be
    written, and as many are in work at a time as there is memory for, so that it grows neither
    with the threads nor with the number of files.

    Parameters
    ----------
    colorizer : Colorizer
    jobs : list of Job
    vividness : float, optional
        Where the model's dial is turned to; it stays where it stands, unless it is given.
    saturation : float
        What the predicted a and b are multiplied by.
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
        while begun:
            job, future = begun.popleft()
            if reason := _reason(future):
                yield Failure(str(job.input), reason)
            begun += begin(1)
            if bar is not None:
                bar.update()


class _Work:
    """What the threads do, within the memory that there is for all of them."""

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
        """Predict the colours of a photograph, join it with them and write it."""
        with self._memory.held(self._needed(job.input)):
            L = self._colorizer.see(job.input)
        with self._memory.held(PER_SEEN_PIXEL * L.size):
            ab = self._colorizer.turn(self._colorizer.predict([L])[0], self._vividness)
        with self._memory.held(self._needed(job.input)):
            original = originals.read_original(job.input)
            coloured = originals.join(
                original.rgb, self._saturation * ab, beside_grey=self._side_by_side
            )
            original = replace(original, rgb=coloured)  # the grey one is done with
            try:
                originals.write_original(
                    original, coloured, job.output, xmp=self._mark, replace=job.overwrite
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
    """So many bytes, of which each thread waits for what it needs."""

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def held(self, needed: int) -> Iterator[None]:
        """Hold so many bytes during a block; all there are where that is not enough."""
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
    """Why a thread failed, in one line; empty where it did not."""
    error = future.exception()
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, (ColorizationError, MemoryError)):
        return str(error) or "not enough memory"
    if error is not None:
        raise error
    return ""
