"""Writes files and folders that appear under their name only when they are whole and on disk.

Each is written under a hidden name in the same folder, flushed to the disk, and then renamed. Even
after a power loss, the name of a file holds either the old content or the new one. A folder's old
content is renamed first; a power loss between the two leaves it under a hidden name, and the next
call brings it back.

The folder needs no locks, which some shared file systems lack. Writers of one name wait for each
other if they are of one user on one machine: the locks lie in the system's temporary folder. All
others write under hidden names of their own, and the last one to finish replaces the others' work.
"""

import errno
import hashlib
import os
import platform
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout, UnixFileLock

from colorization.core.text import printable

LONGEST_BEGINNING = 230  # bytes of a name; file systems allow 255 with the dots and the endings
MARK = 12  # hexadecimal digits that tell apart writers that do not wait for each other


@contextmanager
def atomic_write(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a path to write to, and rename it to `path` when the block succeeds.

    If another process of this user is writing the same file on this machine, this one waits until
    the other has finished. That may be a stage that still runs although its `dvc repro` was killed.

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
        If `path` exists and `replace` is False: before the block runs or, if another machine made
        the file meanwhile, after it.
    """
    with _only_writer(path) as mark:
        if not replace:
            _refuse_existing(path)
        partial = _hidden(path, f"{mark}.partial")
        partial.unlink(missing_ok=True)  # writing would follow a link that has this name
        try:
            yield partial
            _to_disk(partial)
            if replace:
                partial.replace(path)
            else:
                _name(partial, path)
            _to_disk(path.parent)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and rename it to `path` when the block succeeds.

    This waits for another writer as `atomic_write` does.

    Parameters
    ----------
    path : Path
        The final name. Whatever exists there is replaced; missing parent folders are made.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.
    """
    with _only_writer(path) as mark:
        partial, old = _hidden(path, f"{mark}.partial"), _hidden(path, "old")
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


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _name(partial: Path, path: Path) -> None:
    """Give a file its final name unless something has it; a rename would replace that.

    Raises
    ------
    FileExistsError
        If something has the name.
    """
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        # NFS may lose its answer to a link that it made, and refuse the repeated request.
        if partial.stat().st_nlink == 1:
            _refuse_existing(path)
            raise
    except OSError:  # a file system without links
        _refuse_existing(path)
        partial.rename(path)


@contextmanager
def _only_writer(path: Path) -> Iterator[str]:
    """Hold off other writers of a path, and give a mark for the names of files that lead to it.

    Writers with the same mark wait for each other. It is the same in each run, so that a run writes
    over what a killed one left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    user = "" if os.name == "nt" else str(os.geteuid())
    try:
        locks = Path(tempfile.gettempdir())
    except FileNotFoundError:  # nothing can be written there
        locks = None
    writer = (platform.node(), user, str(locks), os.path.realpath(path.parent), path.name)
    mark = hashlib.sha256(os.fsencode("\0".join(writer))).hexdigest()[:MARK]
    lock = None if locks is None else _acquire(locks / f"colorization-{mark}", path)
    try:
        yield secrets.token_hex(MARK // 2) if lock is None else mark
    finally:
        if lock is not None:
            # On Unix, filelock does not remove its file. It is removed here while the lock is held.
            # A process that opened the file earlier gets the lock, finds that the file has lost its
            # name, and starts over.
            if isinstance(lock, UnixFileLock):
                Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()


def _acquire(file: Path, path: Path) -> BaseFileLock | None:
    """Wait for the lock on `path`; None if no file beginning with `file` can be locked.

    The system releases the first kind of lock even when a process is killed. The second is for
    systems without it; there, filelock removes the lock of a process that is no more.
    """
    for kind, ending in ((FileLock, ".lock"), (SoftFileLock, ".pid")):
        lock = kind(f"{file}{ending}", mode=0o600, fallback_to_soft=False)
        try:
            if not _may_be_ours(Path(lock.lock_file)):
                continue
            try:
                lock.acquire(blocking=False)
            except Timeout:
                shown = printable(str(path))
                print(f"waiting for another process that is writing {shown}", flush=True)
                lock.acquire()
        except OSError:
            with suppress(OSError):  # opening it may have made it
                Path(lock.lock_file).unlink()
        else:
            return lock
    return None


def _may_be_ours(file: Path) -> bool:
    """Whether a file is missing or this user's own; anybody may put links into a temporary folder.

    filelock neither follows links nor writes into a file that exists.
    """
    try:
        status = file.lstat()
    except FileNotFoundError:
        return True
    own = os.name == "nt" or status.st_uid == os.geteuid()
    return own and stat.S_ISREG(status.st_mode) and status.st_nlink == 1


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
