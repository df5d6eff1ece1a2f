"""Computes the sha256 of files, and reads a file again only if its length or time changed."""

import hashlib
import json
from pathlib import Path

from colorization.core.files import atomic_write


def sha256_of(path: Path) -> str:
    """Give the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_files(paths: list[Path], hash_cache: Path) -> list[str]:
    """The sha256 of each file; a file is read again only if its length or time changed.

    Parameters
    ----------
    paths : list of Path
    hash_cache : Path
        A JSON file that keeps the sums between calls. If it is missing or unreadable, it is made
        anew.

    Returns
    -------
    list of str
        In hexadecimal.
    """
    try:
        known = json.loads(hash_cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if not isinstance(known, dict):
        known = {}
    sums, changed = [], False
    for path in paths:
        status = path.stat()
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        key = str(path.absolute())
        match known.get(key):
            case [known_state, str(sha256)] if known_state == state:
                pass
            case _:
                sha256 = sha256_of(path)
                known[key] = [state, sha256]
                changed = True
        sums.append(sha256)
    if changed:
        with atomic_write(hash_cache) as partial:
            partial.write_text(json.dumps(known), encoding="utf-8")
    return sums
