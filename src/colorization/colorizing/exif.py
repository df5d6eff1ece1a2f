"""Read and write EXIF: who took a photograph, with what, when and where."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import ExifTags, Image

KEPT_TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
KEPT_PARTS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
# Results are always sRGB. Interop is a part of a part, of no use without its file's layout.
LEFT_OUT = (ExifTags.Base.ColorSpace, ExifTags.IFD.Interop)

LONGEST = (
    65_533  # bytes, in a JPEG: the length of a segment is written in 16 bits and counts itself
)
HEAD = b"Exif\0\0"
TIFF_HEAD = 8  # bytes: the order of bytes, 42, and where the first directory is


class _Entry(NamedTuple):
    part: int | None
    tag: int
    value: Any


def kept(image: Image.Image) -> bytes:
    """Give the EXIF that is kept of an image, written anew.

    Parameters
    ----------
    image : Image.Image
        Decoded.

    Returns
    -------
    bytes
        Damaged values are left out. If the rest is more than a JPEG can hold, its longest values
        are left out, too, mostly a maker's notes. Empty if there is nothing to keep.
    """
    sized = [(len(content), entry) for entry in _entries(image) if (content := _written([entry]))]
    sized.sort(key=lambda each: each[0])
    content = _written([entry for _, entry in sized])
    while len(content) > LONGEST:
        sized.pop()
        content = _written([entry for _, entry in sized])
    return content


def options(kind: str, content: bytes) -> dict[str, Any]:
    """Give the arguments with which `Image.save` writes EXIF from `kept` in a format."""
    if not content:
        return {}
    if kind != "TIFF":
        return {"exif": content}
    exif = _read(content)
    # Pillow writes no EXIF parts into a compressed TIFF: `append_to_tiff` replaces these zeros.
    parts = {part: 0 for part in KEPT_PARTS if part in exif}
    return {"tiffinfo": {tag: _exact(exif[tag]) for tag in KEPT_TAGS if tag in exif} | parts}


def append_to_tiff(path: Path, content: bytes) -> None:
    """Append the parts of EXIF to a TIFF that was saved with `options`.

    Parameters
    ----------
    path : Path
    content : bytes
        As `kept` returns it.
    """
    exif = _read(content)
    if not any(part in exif for part in KEPT_PARTS):
        return
    with path.open("r+b") as file:
        exif.endian = {b"II": "<", b"MM": ">"}[file.read(2)]
        end = file.seek(0, io.SEEK_END)
        end += file.write(bytes(end % 2))  # a directory begins at an even place
        file.write(exif.tobytes(end)[len(HEAD) + TIFF_HEAD :])
        where = {tag: value for tag, value, _ in _directory(file, exif.endian, end)}
        file.seek(4)
        (first,) = struct.unpack(f"{exif.endian}L", file.read(4))
        for tag, _, place in _directory(file, exif.endian, first):
            if tag in KEPT_PARTS:
                file.seek(place)
                file.write(struct.pack(f"{exif.endian}L", where[tag]))


def _directory(file: BinaryIO, order: str, start: int) -> list[tuple[int, int, int]]:
    """The tag, the value and the value's place of each entry in a TIFF's directory."""
    file.seek(start)
    (count,) = struct.unpack(f"{order}H", file.read(2))
    entries = struct.iter_unpack(f"{order}HHLL", file.read(12 * count))  # TIFF 6.0, section 2
    return [
        (tag, value, start + 2 + 12 * index + 8) for index, (tag, _, _, value) in enumerate(entries)
    ]


def _entries(image: Image.Image) -> Iterator[_Entry]:
    """The entries to keep, as far as they can be read."""
    try:
        exif = image.getexif()
    except Exception:  # here and below: damaged data leads Pillow to raise anything
        return
    for part in (None, *KEPT_PARTS):
        try:
            found = exif.get_ifd(part) if part else {tag: exif.get(tag) for tag in KEPT_TAGS}
        except Exception:  # noqa: S112
            continue
        for tag, value in found.items():
            if value is not None and tag not in LEFT_OUT:
                yield _Entry(part, tag, _exact(value))


def _written(entries: list[_Entry]) -> bytes:
    """The EXIF of entries; empty if there are none, or they cannot be written."""
    exif = Image.Exif()
    for part, tag, value in entries:
        if part is None:
            exif[tag] = value
        else:
            exif[part] = {**exif.get(part, {}), tag: value}
    try:
        return exif.tobytes() if entries else b""
    except Exception:
        return b""


def _read(content: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(content)
    return exif


def _exact(value: Any) -> Any:
    """The value with text as the file's bytes: Pillow reads Latin 1, but writes ASCII."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("latin-1", "replace")
    return value
