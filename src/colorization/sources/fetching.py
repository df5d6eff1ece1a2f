"""Fetch the images of `download.source` into data/raw.zip."""

import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.core.settings import Download, redact
from colorization.core.workspace import local_path
from colorization.sources import archives
from colorization.sources.archives import Member
from colorization.sources.remote import RemoteFile, is_url, parse_url

# Section 3.1 of the paper; length and checksum are the publisher's.
MIRFLICKR25K = RemoteFile(
    "http://press.liacs.nl/mirflickr/mirflickr25k.v3b/mirflickr25k.zip",
    algorithm="md5",
    checksum="a23d0a8564ee84cda5622a6c2f947785",
    length=3_069_184_257,
)

# GitHub generates this archive for each request: its bytes vary, its images do not.
BSDS500 = RemoteFile(
    "https://github.com/BIDS/BSDS500/archive/a04b7c6c3a9f0ace74bf205c72a43d32e1c72722.zip"
)
BSDS500_FOLDER = "BSDS500/data/images/"
BSDS500_IMAGES = 500
# The sha256 of the images' hexadecimal sha256s, sorted and concatenated.
BSDS500_SHA256 = "a7c539b676f71e026da52b9f319e930af90e41f0e38e3a5dd8d4b5a869511ed0"


def fetch(download: Download, out: Path, checkpoint_dir: Path) -> None:
    """Fetch the images of `download.source` as one zip.

    Parameters
    ----------
    download : Download
    out : Path
        A zip is copied; a tar or a folder is packed into a zip, which allows random access.
    checkpoint_dir : Path
        For interrupted downloads.

    Raises
    ------
    ColorizationError
        If the source is missing or damaged, is not the expected file, or contains no images.
    """
    with atomic_write(out) as partial:
        if download.source in NAMED:
            NAMED[download.source](download, partial, checkpoint_dir)
        elif is_url(download.source):
            _fetch_archive(parse_url(download.source), partial, checkpoint_dir)
        else:
            _fetch_local(local_source(download.source), partial)


def local_source(source: str) -> Path:
    """The path of a local source; see `local_path`.

    Raises
    ------
    ColorizationError
        If it does not exist, is neither a zip, a tar nor a folder, or contains no images. The
        content of a tar is not checked, since that requires reading all of it.
    """
    path = local_path(source)
    if not path.exists():
        names = ", ".join(NAMED)
        raise ColorizationError(
            f"download.source must be {names}, an http(s) URL, or the path of a zip, a tar or a "
            f"folder; found {redact(source)!r}, which does not exist"
        )
    if path.is_dir():
        if not archives.folder_image_names(path):
            raise ColorizationError(f"download.source: {source} contains no images")
    elif path.is_file() and _is_zip(path):
        archives.image_names(path)
    elif not path.is_file() or not archives.is_tar(path):  # not a pipe, which might never end
        raise ColorizationError(f"download.source: {source} is neither a zip, a tar nor a folder")
    return path


def _draw_scenes(download: Download, out: Path, _checkpoint_dir: Path) -> None:
    # Lazy: the check at the start of every `dvc repro` only needs `NAMED`.
    from colorization.sources import scenes  # noqa: PLC0415

    drawn = scenes.draw_all(download.scenes)
    archives.write_zip((_member(name, content) for name, content in drawn), out)


def _fetch_mirflickr25k(_download: Download, out: Path, checkpoint_dir: Path) -> None:
    _fetch_archive(MIRFLICKR25K, out, checkpoint_dir)


def _fetch_bsds500(_download: Download, out: Path, checkpoint_dir: Path) -> None:
    from colorization.sources.downloads import downloaded  # noqa: PLC0415

    with downloaded(BSDS500, checkpoint_dir) as archive:
        names = [name for name in archives.image_names(archive) if BSDS500_FOLDER in name]
        images = {
            name.partition(BSDS500_FOLDER)[2]: archives.read_member(archive, name) for name in names
        }
        sums = sorted(hashlib.sha256(content).hexdigest() for content in images.values())
        sha256 = hashlib.sha256("".join(sums).encode()).hexdigest()
        if sha256 != BSDS500_SHA256:
            raise ColorizationError(
                f"{archive}: not the images of BSDS500: expected {BSDS500_IMAGES} with a combined "
                f"sha256 of {BSDS500_SHA256}, found {len(images)} with {sha256}"
            )
        archives.write_zip((_member(name, content) for name, content in images.items()), out)


# Functions of the named sources.
NAMED: dict[str, Callable[[Download, Path, Path], None]] = {
    "scenes": _draw_scenes,
    "mirflickr25k": _fetch_mirflickr25k,
    "bsds500": _fetch_bsds500,
}


def _fetch_archive(remote: RemoteFile, out: Path, checkpoint_dir: Path) -> None:
    from colorization.sources.downloads import downloaded  # noqa: PLC0415

    with downloaded(remote, checkpoint_dir) as archive:
        if _is_zip(archive):
            archives.image_names(archive)
            shutil.move(archive, out)
        elif archives.is_tar(archive):
            _pack_tar(archive, out)
        else:
            raise ColorizationError(f"{archive}: is neither a zip nor a tar archive")


def _fetch_local(source: Path, out: Path) -> None:
    if source.is_dir():
        archives.write_zip(archives.folder_members(source), out)
    elif _is_zip(source):
        shutil.copyfile(source, out)
    else:
        _pack_tar(source, out)


def _pack_tar(archive: Path, out: Path) -> None:
    archives.pack_tar(archive, out)
    try:
        archives.image_names(out)
    except ColorizationError as error:
        raise ColorizationError(f"{archive}: contains no images") from error


def _member(name: str, content: bytes) -> Member:
    return Member(name, len(content), io.BytesIO(content))


def _is_zip(path: Path) -> bool:
    """Whether a file is a zip, even a truncated one, but not a tar that ends in a zip."""
    with path.open("rb") as file:
        begins_like_zip = file.read(4) == b"PK\x03\x04"
    return begins_like_zip or (zipfile.is_zipfile(path) and not archives.is_tar(path))
