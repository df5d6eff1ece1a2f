"""Identify a source by its content, hashing only files whose size or time has changed."""

import hashlib
from pathlib import Path

from colorization.core.hashing import sha256_of_files
from colorization.sources import archives, fetching
from colorization.sources.remote import is_url, parse_url


def fingerprint_source(source: str, hash_cache: Path) -> str:
    """Identify `download.source`.

    Parameters
    ----------
    source : str
    hash_cache : Path
        See `hashing.sha256_of_files`.

    Returns
    -------
    str
        The source itself if it is a name or a URL, else the sha256 of the archive, or of the
        names and hashes of the folder's files.

    Raises
    ------
    ColorizationError
        As `fetching.local_source` and `remote.parse_url`.
    """
    if source in fetching.NAMED:
        return source
    if is_url(source):
        parse_url(source)
        return source
    path = fetching.local_source(source)
    if not path.is_dir():
        return sha256_of_files([path], hash_cache)[0]
    names = archives.folder_image_names(path)
    sums = sha256_of_files([path / name for name in names], hash_cache)
    listing = "".join(f"{name}\0{sha256}\n" for name, sha256 in zip(names, sums, strict=True))
    return hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()
