"""The raw data as one zip file: images are packed once and read straight out of it."""

import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from colorization.errors import ColorizationError
from colorization.files import whole_file

EXTENSIONS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def is_image_name(name: str) -> bool:
    """Whether a member's name is that of an image, and not of a hidden or system file."""
    *folders, file = name.split("/")
    parts = {*folders, file} - {".", ".."}
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return os.path.splitext(file)[1].lower() in EXTENSIONS and not hidden  # noqa: PTH122


def image_names(archive: Path) -> list[str]:
    """Names of the images in a zip, sorted.

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


def read_members(archive: Path, names: Iterable[str]) -> Iterator[bytes | None]:
    """Yield the content of each named member, or None for a damaged or encrypted one."""
    with _open_zip(archive) as file:
        for name in names:
            try:
                yield file.read(name)
            except (
                zipfile.BadZipFile,
                RuntimeError,
                NotImplementedError,
                EOFError,
                OSError,
                ValueError,
                zlib.error,
                lzma.LZMAError,
            ):
                yield None


def write_zip(members: Iterable[tuple[str, bytes]], out: Path) -> None:
    """Pack members into a zip: stored, since images are compressed already.

    Parameters
    ----------
    members : iterable of (name, content)
    out : Path
        Appears only when whole. The same members give the same bytes: no clock enters.
    """
    with (
        whole_file(out) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as file,
    ):
        for name, content in members:
            # A name that is no Unicode, as a file system may hold, cannot stand in a zip.
            written = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            file.writestr(zipfile.ZipInfo(written), content)


def folder_members(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every image below a folder, sorted by name."""
    for name in folder_image_names(folder):
        yield name, (folder / name).read_bytes()


def folder_image_names(folder: Path) -> list[str]:
    """Names of the images below a folder, relative to it, with forward slashes, sorted."""
    names = []
    # os.walk, and a Path per folder only: this runs at each `dvc repro`, also on 25,000 files.
    for parent, _, files in os.walk(folder):
        below = Path(parent).relative_to(folder).as_posix()
        names += files if below == "." else [f"{below}/{file}" for file in files]
    return sorted(name for name in names if is_image_name(name))


def tar_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every image in a tar archive, in the archive's order.

    Raises
    ------
    ColorizationError
        If the archive is damaged.
    """
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None and is_image_name(member.name):
                    yield member.name, content.read()
            while tar.fileobj.read(1 << 20):
                pass  # gzip's and xz's checksums stand at the very end
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise ColorizationError(f"{archive}: damaged tar archive ({error})") from error


def _open_zip(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise ColorizationError(f"{archive}: damaged zip archive ({error})") from error
