"""Bring the images of any `download.source` into data/raw.zip."""

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

# GitHub makes this archive anew for each request: its bytes vary, its images do not.
BSDS500 = RemoteFile(
    "https://github.com/BIDS/BSDS500/archive/a04b7c6c3a9f0ace74bf205c72a43d32e1c72722.zip"
)
BSDS500_FOLDER = "BSDS500/data/images/"
BSDS500_IMAGES = 500
# The sha256 of the images' own sha256s in hexadecimal, sorted and joined.
BSDS500_SHA256 = "a7c539b676f71e026da52b9f319e930af90e41f0e38e3a5dd8d4b5a869511ed0"


def fetch(download: Download, out: Path, unfinished: Path) -> None:
    """Bring the images of `download.source` into one zip.

    Parameters
    ----------
    download : Download
    out : Path
        A zip is taken as it is; a tar or a folder is packed into one. Every later stage thus reads
        one kind of archive, in any order.
    unfinished : Path
        A folder that keeps the bytes of an interrupted download.

    Raises
    ------
    ColorizationError
        If the source is missing or damaged, is not the expected file, or holds no image.
    """
    with atomic_write(out) as partial:
        if download.source in NAMED:
            NAMED[download.source](download, partial, unfinished)
        elif is_url(download.source):
            _fetch_archive(parse_url(download.source), partial, unfinished)
        else:
            _fetch_local(local_source(download.source), partial)


def local_source(source: str) -> Path:
    """The path of a local source; see `local_path`.

    Raises
    ------
    ColorizationError
        If it does not exist, is neither a zip, a tar nor a folder, or holds no images. The images
        of a tar are not checked, since that takes reading it through.
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
            raise ColorizationError(f"download.source: {source} holds no images")
    elif path.is_file() and _is_zip(path):
        archives.image_names(path)
    elif not path.is_file() or not archives.is_tar(path):  # a pipe would have no end
        raise ColorizationError(f"download.source: {source} is neither a zip, a tar nor a folder")
    return path


def _draw_scenes(download: Download, out: Path, _unfinished: Path) -> None:
    # Imported here, since the check at the start of every `dvc repro` only needs `NAMED`.
    from colorization.sources import scenes  # noqa: PLC0415

    drawn = scenes.draw_all(download.scenes)
    archives.write_zip((_member(name, content) for name, content in drawn), out)


def _fetch_mirflickr25k(_download: Download, out: Path, unfinished: Path) -> None:
    _fetch_archive(MIRFLICKR25K, out, unfinished)


def _fetch_bsds500(_download: Download, out: Path, unfinished: Path) -> None:
    from colorization.sources.downloads import downloaded  # noqa: PLC0415

    with downloaded(BSDS500, unfinished) as archive:
        names = [name for name in archives.image_names(archive) if BSDS500_FOLDER in name]
        images = {
            name.partition(BSDS500_FOLDER)[2]: archives.read_member(archive, name) for name in names
        }
        sums = sorted(hashlib.sha256(content).hexdigest() for content in images.values())
        found = hashlib.sha256("".join(sums).encode()).hexdigest()
        if found != BSDS500_SHA256:
            raise ColorizationError(
                f"{archive}: holds other images than BSDS500 has: {BSDS500_IMAGES} with the sha256 "
                f"{BSDS500_SHA256} over theirs were expected, {len(images)} with {found} were found"
            )
        archives.write_zip((_member(name, content) for name, content in images.items()), out)


# The sources that have a name.
NAMED: dict[str, Callable[[Download, Path, Path], None]] = {
    "scenes": _draw_scenes,
    "mirflickr25k": _fetch_mirflickr25k,
    "bsds500": _fetch_bsds500,
}


def _fetch_archive(remote: RemoteFile, out: Path, unfinished: Path) -> None:
    from colorization.sources.downloads import downloaded  # noqa: PLC0415

    with downloaded(remote, unfinished) as archive:
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
        raise ColorizationError(f"{archive}: holds no images") from error


def _member(name: str, content: bytes) -> Member:
    return Member(name, len(content), io.BytesIO(content))


def _is_zip(path: Path) -> bool:
    """Whether a file is a zip, even one cut off; a tar that ends in a zip is none."""
    with path.open("rb") as file:
        begins_as_zip = file.read(4) == b"PK\x03\x04"
    return begins_as_zip or (zipfile.is_zipfile(path) and not archives.is_tar(path))
