"""Writes files and folders that appear under their name only when they are whole and on disk.

Each is written under a hidden name in the same folder, flushed to the disk, and then renamed. Even
after a power loss, the name of a file holds either the old content or the new one. A folder's old
content is renamed first; a power loss between the two leaves it under a hidden name, and the next
call brings it back.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout, UnixFileLock

from colorization.core.text import printable

LONGEST_BEGINNING = 240  # bytes of a name; file systems allow 255 with the dots and the ending


@contextmanager
def whole_file(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a path to write to, and rename it to `path` when the block succeeds.

    If another process is writing the same file, this one waits until the other has finished. That
    may be a stage that still runs although its `dvc repro` was killed.

    Parameters
    ----------
    path : Path
        The final name. Missing parent folders are made.
    replace : bool
        Whether an existing file is replaced.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.

    Raises
    ------
    FileExistsError
        Before the block runs, if `path` exists and `replace` is False.
    """
    partial = _hidden(path, "partial")
    with _only_writer(path):
        if not replace and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        partial.unlink(missing_ok=True)  # writing would follow a link that has this name
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

    This waits for another writer as `whole_file` does.

    Parameters
    ----------
    path : Path
        The final name. Whatever exists there is replaced; missing parent folders are made.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.
    """
    partial, old = _hidden(path, "partial"), _hidden(path, "old")
    with _only_writer(path):
        if os.path.lexists(path):
            _remove(old)
        elif os.path.lexists(old):  # left by a kill between two renames
            old.rename(path)
        _remove(partial)
        partial.mkdir()
        try:
            yield partial
            for folder, _, files in os.walk(partial, topdown=False):
                for name in files:
                    _to_disk(Path(folder, name))
                _to_disk(Path(folder))
            if os.path.lexists(path):
                path.rename(old)
            partial.rename(path)
            _to_disk(path.parent)
            _remove(old)
        finally:
            if not os.path.lexists(path) and os.path.lexists(old):
                old.rename(path)
            _remove(partial)


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    """Hold a lock beside `path`, which the system releases even when the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock_file = _hidden(path, "lock")
    if lock_file.is_symlink():  # not ours; locking it would empty its target
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
        # On Unix, filelock does not remove its file. It is removed here while the lock is held. A
        # process that opened the file earlier gets the lock, finds that the file has lost its name,
        # and starts over.
        if isinstance(lock, UnixFileLock):
            lock_file.unlink(missing_ok=True)
        lock.release()


def _hidden(path: Path, ending: str) -> Path:
    """A hidden name in the same folder; it holds at most LONGEST_BEGINNING bytes of the name."""
    beginning = os.fsdecode(os.fsencode(path.name)[:LONGEST_BEGINNING])
    return path.with_name(f".{beginning}.{ending}")


def _remove(path: Path) -> None:
    """Remove a file, a folder with its content, or a link without its target."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path, ignore_errors=True)


def _to_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and saves its names by itself
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some shared file systems, such as VirtualBox's, cannot do that for folders.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP} or not path.is_dir():
            raise
    finally:
        os.close(handle)
