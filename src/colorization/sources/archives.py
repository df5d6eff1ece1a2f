"""The raw data as one zip file: images are packed once and read straight out of it."""

import io
import lzma
import os
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

from colorization.core.errors import ColorizationError

EXTENSIONS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_BYTES = 1 << 28  # of one image file; 89 megapixels, the most that is decoded, uncompressed

# What zipfile raises on damaged members.
_DAMAGE = (
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
    zlib.error,
)


class Member(NamedTuple):
    """An image to be packed.

    Attributes
    ----------
    name : str
    size : int
        Bytes.
    content : binary file
    """

    name: str
    size: int
    content: IO[bytes]


def is_image_name(name: str) -> bool:
    """Whether a member's name is that of an image, and not of a hidden or system file."""
    *folders, file = name.split("/")
    parts = {*folders, file} - {".", ".."}
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return os.path.splitext(file)[1].lower() in EXTENSIONS and not hidden  # noqa: PTH122


def image_names(archive: Path) -> list[str]:
    """Names of the images in a zip, sorted; of several members of one name the last counts.

    Raises
    ------
    ColorizationError
        If `archive` is no readable zip, or holds no image.
    """
    with _open_zip(archive) as file:
        names = sorted({name for name in file.namelist() if is_image_name(name)})
    if not names:
        kinds = ", ".join(sorted(EXTENSIONS))
        raise ColorizationError(f"{archive}: holds no images (files ending in {kinds})")
    return names


def read_member(archive: Path, name: str) -> bytes:
    """Read an image file out of a zip, which stays open for the next call.

    Raises
    ------
    ColorizationError
        If the member is damaged, encrypted, larger than `MAX_BYTES`, or packed otherwise than
        stored or deflated.
    """
    status = archive.stat()
    file = _kept_open(archive, (status.st_size, status.st_mtime_ns, status.st_ino))
    info = file.getinfo(name)
    if info.flag_bits & 1:  # APPNOTE 4.4.4
        raise ColorizationError("encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ColorizationError("packed with a method other than deflate, whose size has no bound")
    if info.file_size > MAX_BYTES:
        raise ColorizationError(f"{info.file_size:,} bytes, more than {MAX_BYTES:,}")
    try:
        with file.open(info) as member:
            return member.read(info.file_size)  # no more is inflated, whatever is in there
    except _DAMAGE as error:
        raise ColorizationError("damaged in the archive") from error


@lru_cache(maxsize=1)
def _kept_open(archive: Path, _version: tuple[int, ...]) -> zipfile.ZipFile:
    """Open a zip once for many reads: its directory of 25,000 names takes a while to parse."""
    return _open_zip(archive)


def write_zip(members: Iterable[Member], out: Path) -> None:
    """Pack members into a zip: stored, since images are compressed already.

    Parameters
    ----------
    members : iterable of Member
        Copied piece by piece, whatever their size.
    out : Path
        The same members give the same bytes: no clock enters.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for member in members:
            # A name that is no Unicode, as a file system may hold, cannot stand in a zip.
            written = member.name.encode("utf-8", "surrogateescape").decode(
                "utf-8", "backslashreplace"
            )
            info = zipfile.ZipInfo(written)
            info.file_size = member.size
            with file.open(info, "w") as packed:
                shutil.copyfileobj(member.content, packed)


def folder_members(folder: Path) -> Iterator[Member]:
    """Yield every image below a folder, sorted by name."""
    for name in folder_image_names(folder):
        path = folder / name
        with path.open("rb") as content:
            yield Member(name, path.stat().st_size, content)


def folder_image_names(folder: Path) -> list[str]:
    """Names of the images below a folder, relative to it, with forward slashes, sorted."""
    names = []
    # os.walk, and a Path per folder only: this runs at each `dvc repro`, also on 25,000 files.
    for parent, _, files in os.walk(folder, onerror=_refuse):
        below = Path(parent).relative_to(folder).as_posix()
        names += files if below == "." else [f"{below}/{file}" for file in files]
    images = [name for name in names if is_image_name(name)]
    return sorted(name for name in images if os.path.isfile(f"{folder}/{name}"))  # noqa: PTH113


def _refuse(error: OSError) -> NoReturn:
    raise error  # an unreadable folder, which os.walk would pass over


def pack_tar(archive: Path, out: Path) -> None:
    """Pack the images of a tar archive into a zip, in the archive's order.

    Raises
    ------
    ColorizationError
        If the archive is damaged.
    """
    try:
        write_zip(_tar_members(archive), out)
    except (
        tarfile.TarError,
        EOFError,
        OSError,
        zlib.error,
        lzma.LZMAError,
        struct.error,
    ) as error:
        if getattr(error, "errno", None) is not None:
            raise  # not the archive's fault: a full disk, say
        reason = str(error).partition("\n")[0]
        raise ColorizationError(f"{archive}: damaged tar archive ({reason})") from error


def _tar_members(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and is_image_name(member.name):
                yield Member(member.name, member.size, content)
        if isinstance(tar.fileobj, io.BufferedReader):
            # No compression, so no checksum; and tarfile takes a damaged header for the end.
            tar.fileobj.seek(tar.offset)
            if tar.fileobj.read(tarfile.BLOCKSIZE) not in (b"", bytes(tarfile.BLOCKSIZE)):
                raise tarfile.ReadError(f"damaged header at byte {tar.offset:,}")
        while tar.fileobj.read(1 << 20):
            pass  # gzip's and xz's checksums stand at the very end


def _open_zip(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise ColorizationError(f"{archive}: damaged zip archive ({error})") from error
