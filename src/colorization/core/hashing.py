"""Computes the sha256 of files, and caches it until a file's size or times change."""

import hashlib
import json
from pathlib import Path

from colorization.core.files import atomic_write


def sha256_of(path: Path) -> str:
    """Compute the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_files(paths: list[Path], hash_cache: Path) -> list[str]:
    """Compute the sha256 of each file; files that have not changed are not read again.

    Parameters
    ----------
    paths : list of Path
    hash_cache : Path
        A JSON file with the hashes of earlier calls, created if it is missing or corrupt.

    Returns
    -------
    list of str
        In hexadecimal.
    """
    try:
        cache = json.loads(hash_cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        cache = {}
    if not isinstance(cache, dict):
        cache = {}
    hashes, changed = [], False
    for path in paths:
        status = path.stat()
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        key = str(path.absolute())
        match cache.get(key):
            case [cached_state, str(sha256)] if cached_state == state:
                pass
            case _:
                sha256 = sha256_of(path)
                cache[key] = [state, sha256]
                changed = True
        hashes.append(sha256)
    if changed:
        with atomic_write(hash_cache) as partial:
            partial.write_text(json.dumps(cache), encoding="utf-8")
    return hashes
