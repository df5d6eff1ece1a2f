"""Files and folders that appear under their name only when they are whole."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    """Hold a lock file beside `path`, and remove it at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    while True:
        with lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"waiting for another process that is writing {path}", flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
            # The one waited for has removed its lock file, and another may have made a new one.
            if _is_at(file.fileno(), lock):
                try:
                    yield
                finally:
                    lock.unlink()
                return


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
