"""Pack images into a zip archive, the raw data, and read them from it."""

import bz2
import errno
import gzip
import lzma
import os
import shutil
import stat
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from colorization.core.errors import ColorizationError

EXTENSIONS = frozenset(
    {".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
    | {".avif", ".heic", ".heif", ".hif", ".j2k", ".jp2", ".jpf", ".jpx", ".jxl"}
)
MAX_BYTES = 1 << 28  # of an image file; enough for 89 uncompressed megapixels, the decoder's limit

# Limits of a tar. Photographs hardly compress, but 174 KB of compressed zeros could fill a disk.
LEAST_UNPACKED = 1 << 30  # bytes allowed for any archive
LARGEST_RATIO = 100  # unpacked bytes per byte of the archive, if that allows more
MAX_HEADER = 1 << 20  # bytes of a header, of one member or global
MAX_NAME = 4096  # characters, as in a file system
CHUNK = 1 << 20  # bytes

# Errors of gzip, bz2 and lzma on damaged archives.
_UNREADABLE = (EOFError, OSError, zlib.error, lzma.LZMAError)

# Errors of zipfile on damaged members.
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
    """An image to pack.

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
    """Whether a name is that of an image, not of a hidden or system file."""
    *folders, file = name.split("/")
    parts = {*folders, file} - {".", ".."}
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return os.path.splitext(file)[1].lower() in EXTENSIONS and not hidden  # noqa: PTH122


def image_names(archive: Path) -> list[str]:
    """Names of the images in a zip, sorted, without duplicates.

    Raises
    ------
    ColorizationError
        If `archive` is not a readable zip, or contains no images.
    """
    names = sorted({name for name in member_names(archive) if is_image_name(name)})
    if not names:
        kinds = ", ".join(sorted(EXTENSIONS))
        raise ColorizationError(f"{archive}: contains no images ({kinds})")
    return names


def member_names(archive: Path) -> list[str]:
    """Names of all members of a zip, in its order.

    Raises
    ------
    ColorizationError
        If `archive` is not a readable zip.
    """
    with _open_zip(archive) as file:
        return file.namelist()


def read_member(archive: Path, name: str) -> bytes:
    """Read a file from a zip, which stays open for the next call.

    Raises
    ------
    ColorizationError
        If the member is damaged, encrypted, larger than `MAX_BYTES`, or neither stored nor
        deflated.
    """
    status = archive.stat()
    file = _cached_zip(archive, (status.st_size, status.st_mtime_ns, status.st_ino))
    info = file.getinfo(name)
    if info.flag_bits & 1:  # APPNOTE 4.4.4
        raise ColorizationError("encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ColorizationError("compressed with a method other than deflate")
    if info.file_size > MAX_BYTES:
        raise ColorizationError(f"{info.file_size:,} bytes, more than {MAX_BYTES:,}")
    try:
        with file.open(info) as member:
            return member.read(info.file_size)  # limits decompression
    except _DAMAGE as error:
        raise ColorizationError("damaged in the archive") from error


@lru_cache(maxsize=1)
def _cached_zip(archive: Path, _version: tuple[int, ...]) -> zipfile.ZipFile:
    """Open a zip once for many reads, since parsing 25,000 names is slow."""
    return _open_zip(archive)


def write_zip(members: Iterable[Member], out: Path) -> None:
    """Pack members into a zip, uncompressed, since images already are compressed.

    Parameters
    ----------
    members : iterable of Member
        Copied in chunks.
    out : Path
        Deterministic: no times are written.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for member in members:
            # File names may be invalid Unicode, names in a zip may not.
            name = member.name.encode("utf-8", "surrogateescape").decode(
                "utf-8", "backslashreplace"
            )
            info = zipfile.ZipInfo(name)
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
    """Names of the images below a folder, relative to it, with forward slashes, sorted.

    Links to files are followed, links to folders are not. Entries that are not files, such as pipes
    and broken links, are ignored. An inaccessible entry raises an OSError.
    """
    names, prefixes = [], [""]
    # os.scandir is faster than a Path per file: each `dvc repro` runs this, even on 25,000 files.
    while prefixes:
        prefix = prefixes.pop()
        with os.scandir(f"{folder}/{prefix}") as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    prefixes.append(f"{name}/")
                elif is_image_name(name) and _is_file(entry):
                    names.append(name)
    return sorted(names)


def _is_file(entry: os.DirEntry) -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
            return False  # a broken or circular link
        raise


def is_tar(path: Path) -> bool:
    """Whether a file begins like a tar archive, compressed or not."""
    return _tar_opener(path) is not None


def _tar_opener(path: Path) -> Callable[..., IO[bytes]] | None:
    """The function that opens a tar and decompresses it; None if it is not a tar."""
    openers: tuple[Callable[..., Any], ...] = (open, gzip.open, bz2.open, lzma.open)
    for opener in openers:
        try:
            with opener(path, "rb") as file:
                block = file.read(tarfile.BLOCKSIZE)
            if block != bytes(tarfile.BLOCKSIZE):  # a block of zeros is an empty tar
                tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, *_UNREADABLE) as error:
            _reraise_system_error(error)
            continue
        return opener
    return None


def pack_tar(archive: Path, out: Path) -> None:
    """Pack the images of a tar archive into a zip, in the archive's order.

    Images of more than `MAX_BYTES` and sparse files are excluded, with a message.

    Raises
    ------
    ColorizationError
        If the archive is damaged, or unpacks to far more than its size.
    """
    try:
        with warnings.catch_warnings():
            # Of duplicate names, the last is used, in a zip as in a tar.
            warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
            write_zip(_tar_members(archive), out)
    except _TooMuchError as error:
        raise ColorizationError(
            f"{archive}: {error}, from {archive.stat().st_size:,}; "
            "if they are photographs, unpack it yourself and use the folder"
        ) from error
    except (tarfile.TarError, struct.error, *_UNREADABLE) as error:
        _reraise_system_error(error)
        reason = str(error).partition("\n")[0]
        raise ColorizationError(f"{archive}: damaged tar archive ({reason})") from error


def _reraise_system_error(error: Exception) -> None:
    """Raise an error that is not caused by the archive, such as a full disk."""
    if getattr(error, "errno", None) is not None:
        raise error


def _tar_members(archive: Path) -> Iterator[Member]:
    opener = _tar_opener(archive)
    if opener is None:
        raise tarfile.ReadError("no header")
    limit = max(LEAST_UNPACKED, LARGEST_RATIO * archive.stat().st_size)
    with opener(archive, "rb") as file:
        stream = _ForwardStream(file, limit)
        with _header_errors():
            tar = tarfile.TarFile(fileobj=stream)  # type: ignore[arg-type]
        while (member := _next_member(tar, stream)) is not None:
            if not member.isfile() or not is_image_name(member.name):
                continue
            if reason := _reason_to_exclude(member):
                print(f"{archive}: {member.name!r} excluded: {reason}", flush=True)
                continue
            stream.allowance = member.size
            content = tar.extractfile(member)
            if content is not None:
                yield Member(member.name, member.size, content)
        # tarfile mistakes a damaged header for the end of the archive.
        if stream.last not in (b"", bytes(tarfile.BLOCKSIZE)):
            raise tarfile.ReadError(f"damaged header at byte {tar.offset:,}")
        stream.drain()  # verifies the checksums at the end of gzip and xz


def _next_member(tar: tarfile.TarFile, stream: "_ForwardStream") -> tarfile.TarInfo | None:
    stream.allowance = MAX_HEADER
    with _header_errors():
        member = tar.next()
    vars(tar)["members"] = []  # otherwise tarfile keeps all members in memory
    if sum(len(name) + len(text) for name, text in tar.pax_headers.items()) > MAX_HEADER:
        raise tarfile.ReadError(f"global headers of more than {MAX_HEADER:,} bytes")
    if member and member.size < 0:
        raise tarfile.ReadError(f"a member of {member.size:,} bytes")
    if member and len(member.name) > MAX_NAME:
        raise tarfile.ReadError(f"a name of {len(member.name):,} characters")
    return member


@contextmanager
def _header_errors() -> Iterator[None]:
    """Convert all errors that tarfile raises while parsing headers to its ReadError.

    On malformed headers, tarfile may raise ValueError, OverflowError, RecursionError and others,
    which vary between releases, hence the broad catch.
    """
    try:
        yield
    except tarfile.TarError:
        raise
    except Exception as error:
        _reraise_system_error(error)
        raise tarfile.ReadError(str(error) or type(error).__name__) from error


def _reason_to_exclude(member: tarfile.TarInfo) -> str | None:
    if member.size > MAX_BYTES:
        return f"{member.size:,} bytes, more than {MAX_BYTES:,}"
    if member.issparse():
        return "a sparse file"  # tarfile may loop forever over its map
    return None


class _TooMuchError(tarfile.TarError):
    """A tar that unpacks to too many bytes."""


class _ForwardStream:
    """A stream for tarfile that only moves forwards, and limits the bytes of each read.

    Attributes
    ----------
    allowance : int
        Number of bytes that may still be read.
    last : bytes
        The result of the last read.
    """

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._limit = limit
        self.allowance = MAX_HEADER
        self.last = b""

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int) -> int:
        if position < self.tell():
            raise tarfile.ReadError(f"seeks back to byte {position:,}")
        self._check(position)
        return self._file.seek(position)

    def read(self, count: int) -> bytes:
        if not 0 <= count <= self.allowance:
            raise tarfile.ReadError(f"a header of {count:,} bytes at byte {self.tell():,}")
        self.allowance -= count
        self.last = self._file.read(count)
        self._check(self.tell())
        return self.last

    def drain(self) -> None:
        """Read to the end."""
        while self._file.read(CHUNK):
            self._check(self.tell())

    def _check(self, length: int) -> None:
        if length > self._limit:
            raise _TooMuchError(f"unpacks to more than {self._limit:,} bytes")


def _open_zip(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise ColorizationError(f"{archive}: damaged zip archive ({error})") from error
