"""Files and folders that appear under their name only when they are whole."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to, and rename it to `path` when the block succeeds.

    Parameters
    ----------
    path : Path
        The final name. Missing parent folders are made.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and rename it to `path` when the block succeeds.

    Where another process fills the same folder, such as a training whose `dvc repro` was killed,
    this one waits until that has ended.

    Parameters
    ----------
    path : Path
        The final name. What stands there is replaced.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.
    """
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that is writing {path}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            shutil.rmtree(path, ignore_errors=True)
            partial.replace(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
