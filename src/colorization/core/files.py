"""Writes files and folders atomically: they appear under their name only when complete.

Each is written under a hidden name in the same folder, flushed to disk and renamed. Even after a
power loss, the name of a file has either the old content or the new one. A folder's old content is
renamed first; a power loss between the two renames leaves it under a hidden name, and the next call
restores it.

No locks are needed in the folder, which some shared file systems could not provide. Writers of the
same name wait for each other if they run as one user on one machine: their locks are in the
system's temporary folder. All others write under hidden names of their own, and the last one to
finish replaces the others' work.
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

MAX_STEM = 230  # bytes of a name; file systems allow 255 with the dots and the suffixes
ID_LENGTH = 12  # hexadecimal digits; writers that do not wait for each other have different IDs


@contextmanager
def atomic_write(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield a path to write to, and rename it to `path` when the block succeeds.

    If another process of this user is writing the same file on this machine, this one waits for it.
    That may be a stage that still runs although its `dvc repro` was killed.

    Parameters
    ----------
    path : Path
        The final name. Missing parent folders are created.
    replace : bool
        Whether an existing file is replaced.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.

    Raises
    ------
    FileExistsError
        If `path` exists and `replace` is False: before the block runs or, if another machine
        created the file meanwhile, after it.
    """
    with _only_writer(path) as writer_id:
        if not replace:
            _refuse_existing(path)
        partial = _hidden(path, f"{writer_id}.partial")
        partial.unlink(missing_ok=True)  # otherwise a link of this name would be followed
        try:
            yield partial
            _fsync(partial)
            if replace:
                partial.replace(path)
            else:
                _link(partial, path)
            _fsync(path.parent)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill, and rename it to `path` when the block succeeds.

    Waits for another writer as `atomic_write` does.

    Parameters
    ----------
    path : Path
        The final name. Whatever exists there is replaced; missing parent folders are created.

    Yields
    ------
    Path
        A sibling of `path`; it is removed when the block raises.
    """
    with _only_writer(path) as writer_id:
        partial, old = _hidden(path, f"{writer_id}.partial"), _hidden(path, "old")
        if os.path.lexists(path):
            _remove(old)
        elif os.path.lexists(old):  # killed between the two renames
            old.rename(path)
        _remove(partial)
        partial.mkdir()
        try:
            yield partial
            for folder, _, files in os.walk(partial, topdown=False):
                for name in files:
                    _fsync(Path(folder, name))
                _fsync(Path(folder))
            if os.path.lexists(path):
                path.rename(old)
            partial.rename(path)
            _fsync(path.parent)
            _remove(old)
        finally:
            if not os.path.lexists(path) and os.path.lexists(old):
                old.rename(path)
            _remove(partial)


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _link(partial: Path, path: Path) -> None:
    """Give a file its final name; unlike a rename, refuse to replace an existing file.

    Raises
    ------
    FileExistsError
        If the name exists.
    """
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        # NFS may lose the reply to a successful link, and refuse the repeated request.
        if partial.stat().st_nlink == 1:
            _refuse_existing(path)
            raise
    except OSError:  # a file system without hard links
        _refuse_existing(path)
        partial.rename(path)


@contextmanager
def _only_writer(path: Path) -> Iterator[str]:
    """Lock a path against other writers, and yield an ID for the names of temporary files.

    Writers with the same ID wait for each other. It is the same in each run, so that a run
    overwrites what a killed one left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    user = "" if os.name == "nt" else str(os.geteuid())
    try:
        locks = Path(tempfile.gettempdir())
    except FileNotFoundError:  # no temporary folder is writable
        locks = None
    writer = (platform.node(), user, str(locks), os.path.realpath(path.parent), path.name)
    writer_id = hashlib.sha256(os.fsencode("\0".join(writer))).hexdigest()[:ID_LENGTH]
    lock = None if locks is None else _acquire(locks / f"colorization-{writer_id}", path)
    try:
        yield secrets.token_hex(ID_LENGTH // 2) if lock is None else writer_id
    finally:
        if lock is not None:
            # On Unix, filelock does not remove its file, so it is removed while the lock is held. A
            # process that opened the file earlier gets the lock, finds the file unlinked, and
            # starts over.
            if isinstance(lock, UnixFileLock):
                Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()


def _acquire(stem: Path, path: Path) -> BaseFileLock | None:
    """Wait for the lock on `path`; return None if no lock file beginning with `stem` is usable.

    The system releases a `FileLock` even when a process is killed. A `SoftFileLock` is for systems
    without it; there, filelock removes the lock of a process that no longer runs.
    """
    for kind, suffix in ((FileLock, ".lock"), (SoftFileLock, ".pid")):
        lock = kind(f"{stem}{suffix}", mode=0o600, fallback_to_soft=False)
        try:
            if not _is_safe(Path(lock.lock_file)):
                continue
            try:
                lock.acquire(blocking=False)
            except Timeout:
                print(f"waiting for another process writing {printable(str(path))}", flush=True)
                lock.acquire()
        except OSError:
            with suppress(OSError):  # it may have been created
                Path(lock.lock_file).unlink()
        else:
            return lock
    return None


def _is_safe(file: Path) -> bool:
    """Whether a lock file is missing or this user's own: anyone can put links into a shared folder.

    filelock neither follows links nor writes into an existing file.
    """
    try:
        status = file.lstat()
    except FileNotFoundError:
        return True
    own = os.name == "nt" or status.st_uid == os.geteuid()
    return own and stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def _hidden(path: Path, suffix: str) -> Path:
    """Return a hidden name in the same folder, with the first MAX_STEM bytes of the name."""
    stem = os.fsdecode(os.fsencode(path.name)[:MAX_STEM])
    return path.with_name(f".{stem}.{suffix}")


def _remove(path: Path) -> None:
    """Remove a file, a folder with its content, or a link but not its target."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path, ignore_errors=True)


def _fsync(path: Path) -> None:
    """Flush a file's content, or a folder's entries, to disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and saves its entries by itself
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some shared file systems, such as VirtualBox's, cannot flush folders.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP} or not path.is_dir():
            raise
    finally:
        os.close(handle)
