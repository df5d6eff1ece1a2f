"""Files and folders that appear under their name only when they are whole, and on the disk.

Each is written under a hidden name beside its own, brought to the disk, and renamed, so that even a
power loss leaves the old content or the new one.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout, UnixFileLock

from colorization.core.text import printable

LONGEST_BEGINNING = 240  # bytes of a name; file systems take 255, with the dots and the ending


@contextmanager
def whole_file(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a path to write to, and rename it to `path` when the block succeeds.

    Where another process writes the same file, such as a stage whose `dvc repro` was killed, this
    one waits until that has ended.

    Parameters
    ----------
    path : Path
        The final name. Missing parent folders are made.
    replace : bool
        Whether what stands there is replaced.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.

    Raises
    ------
    FileExistsError
        If something stands at `path` and is not to be replaced, before the block runs.
    """
    partial = _hidden(path, "partial")
    with _only_writer(path):
        if not replace and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        partial.unlink(missing_ok=True)  # a link there would be followed
        try:
            yield partial
            _to_disk(partial)
            partial.replace(path)
            _to_disk(path.parent)
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
    partial = _hidden(path, "partial")
    with _only_writer(path):
        _remove(partial)
        partial.mkdir()
        try:
            yield partial
            for folder, _, files in os.walk(partial, topdown=False):
                for name in files:
                    _to_disk(Path(folder, name))
                _to_disk(Path(folder))
            _remove(path)
            partial.replace(path)
            _to_disk(path.parent)
        finally:
            _remove(partial)


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    """Hold a lock beside `path`, which the system releases even when the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock_file = _hidden(path, "lock")
    if lock_file.is_symlink():  # somebody's; to lock it would empty what it leads to
        lock_file.unlink()
    lock = FileLock(lock_file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"waiting for another process that is writing {printable(str(path))}", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        # On Unix, filelock leaves its file. Here it goes while it is locked: who opened it before
        # finds, once it has the lock, that the file has no name any more, and starts over.
        if isinstance(lock, UnixFileLock):
            lock_file.unlink(missing_ok=True)
        lock.release()


def _hidden(path: Path, ending: str) -> Path:
    """A sibling's name: of a long name only the beginning, so that it is not too long itself."""
    beginning = os.fsdecode(os.fsencode(path.name)[:LONGEST_BEGINNING])
    return path.with_name(f".{beginning}.{ending}")


def _remove(path: Path) -> None:
    """Remove a folder with all in it; a link alone, not what it leads to."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path, ignore_errors=True)


def _to_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folder, and keeps its names by itself
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
