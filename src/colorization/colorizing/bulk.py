"""Many photographs through one model: read and written by threads, predicted in batches."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

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
PREDICTED_AT_ONCE = 250_000_000
LARGEST_FILE = 2 * archives.MAX_BYTES  # here, twice as many pixels are decoded, too


def colorize_files(
    colorizer: Colorizer,
    jobs: list[Job],
    *,
    vividness: float | None = None,
    saturation: float,
    side_by_side: bool,
    batch_size: int,
    threads: int,
    quiet: bool,
) -> Iterator[Failure]:
    """Colorize files, and name those that fail as soon as they do.

    A photograph is decoded twice, small for the network and whole when its turn comes to be
    written, and as many are in work at a time as there is memory for, so that it grows neither
    with the batch nor with the threads nor with the number of files.

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
    batch_size : int
    threads : int
        That read and write.
    quiet : bool
        Show no progress.

    Yields
    ------
    Failure
    """
    work = _Work(colorizer, vividness, saturation, side_by_side)
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
            predicted = work.predict([L for _, L in good])
            yield from finish(writing)
            writing = [
                (job, pool.submit(work.write, job, ab))
                for (job, _), ab in zip(good, predicted, strict=True)
            ]
        yield from finish(writing)


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

    def read(self, job: Job) -> np.ndarray:
        """L as the network sees it."""
        with self._memory.held(self._needed(job.input)):
            return self._colorizer.see(job.input)

    def predict(self, seen: list[np.ndarray]) -> list[np.ndarray]:
        """Colours of many photographs, of a few at a time where the network sees them large."""
        predicted: list[np.ndarray] = []
        while few := _first_few(seen[len(predicted) :]):
            with self._memory.held(PER_SEEN_PIXEL * sum(L.size for L in few)):
                said = self._colorizer.predict(few)
                predicted += [self._colorizer.turn(each, self._vividness) for each in said]
        return predicted

    def write(self, job: Job, ab: np.ndarray) -> None:
        """Join a photograph with its colours and write it."""
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


def _first_few(seen: list[np.ndarray]) -> list[np.ndarray]:
    """As many as are predicted at once, one at least."""
    needed = PER_SEEN_PIXEL * np.cumsum([L.size for L in seen])
    return seen[: max(1, int(np.sum(needed <= PREDICTED_AT_ONCE)))]


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
