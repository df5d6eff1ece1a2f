"""Files and folders that appear under their name only when they are whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout, UnixFileLock


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to, and rename it to `path` when the block succeeds.

    Where another process writes the same file, such as a stage whose `dvc repro` was killed, this
    one waits until that has ended.

    Parameters
    ----------
    path : Path
        The final name. What stands there is replaced; missing parent folders are made.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.
    """
    partial = path.with_name(f".{path.name}.partial")
    with _only_writer(path):
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and rename it to `path` when the block succeeds.

    It waits for another writer as `whole_file` does.

    Parameters
    ----------
    path : Path
        The final name. What stands there is replaced; missing parent folders are made.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.
    """
    partial = path.with_name(f".{path.name}.partial")
    with _only_writer(path):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            shutil.rmtree(path, ignore_errors=True)
            partial.replace(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    """Hold a lock beside `path`, which the system releases even when the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock_file = path.with_name(f".{path.name}.lock")
    lock = FileLock(lock_file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"waiting for another process that is writing {path}", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        # On Unix, filelock leaves its file. Here it goes while it is locked: who opened it before
        # finds, once it has the lock, that the file has no name any more, and starts over.
        if isinstance(lock, UnixFileLock):
            lock_file.unlink(missing_ok=True)
        lock.release()
