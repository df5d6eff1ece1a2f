"""Read the boxes of HEIF, AVIF, JPEG 2000 and JPEG XL files.

References
----------
ISO/IEC 14496-12, section 4.2 (boxes); ISO/IEC 15444-1, Annex I (JP2); ISO/IEC 18181-2 (JPEG XL);
ISO/IEC 23008-12, section 9.3 (item properties).
"""

import io
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

_MOST_BOXES = 10_000  # of one level
_LARGEST = 1 << 20  # bytes of a box that is read for its fields
_ASSOCIATIONS = 1 << 16  # of properties with items


class Box(NamedTuple):
    """A box: its type, and where its content begins and ends in the file."""

    kind: bytes
    start: int
    end: int


def boxes(file: IO[bytes], start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes of a file, or those within a box.

    Parameters
    ----------
    file : binary file
    start, end : int, optional
        Where the boxes begin and end. Default: the whole file.

    Raises
    ------
    ValueError
        If a box is outside.
    """
    if end is None:
        end = file.seek(0, io.SEEK_END)
    for _ in range(_MOST_BOXES):
        if end - start < 8:
            return
        file.seek(start)
        size, kind = struct.unpack(">L4s", file.read(8))
        head = 8
        if size == 1:  # a size of 64 bits follows
            head, (size,) = 16, struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
        elif size == 0:  # the last box
            size = end - start
        if not head <= size <= end - start:
            raise ValueError("a box is truncated")
        yield Box(kind, start + head, start + size)
        start += size
    raise ValueError("too many boxes")


def first(file: IO[bytes], *path: bytes, within: Box | None = None) -> Box | None:
    """Return the first box of each type of a path, inside one another; None without it."""
    for kind in path:
        level = boxes(file) if within is None else boxes(file, within.start, within.end)
        within = next((box for box in level if box.kind == kind), None)
        if within is None:
            return None
    return within


def read(file: IO[bytes], box: Box, most: int = _LARGEST) -> bytes:
    """Read the content of a box.

    Raises
    ------
    ValueError
        If it has more than `most` bytes.
    """
    if box.end - box.start > most:
        raise ValueError("a box is too large")
    file.seek(box.start)
    return file.read(box.end - box.start)


def color_of_heif(file: IO[bytes]) -> tuple[int, int] | None:
    """Return how the primary image of a HEIF or AVIF file encodes color, if the file says so.

    Parameters
    ----------
    file : binary file

    Returns
    -------
    (int, int) or None
        The color primaries and transfer characteristics of its property `colr`, as in CICP.

    Raises
    ------
    ValueError, struct.error, IndexError
        If the file is damaged.
    """
    meta = first(file, b"meta")
    if meta is None:
        return None
    meta = meta._replace(start=meta.start + 4)  # version and flags
    items = first(file, b"pitm", within=meta)
    container = first(file, b"iprp", b"ipco", within=meta)
    associations = first(file, b"iprp", b"ipma", within=meta)
    if items is None or container is None or associations is None:
        return None
    properties = list(boxes(file, container.start, container.end))
    for index in _properties_of(read(file, associations), _primary(read(file, items))):
        if 0 < index <= len(properties) and properties[index - 1].kind == b"colr":
            content = read(file, properties[index - 1])
            if content.startswith(b"nclx"):
                primaries, transfer = struct.unpack_from(">HH", content, 4)
                return primaries, transfer
    return None


def _primary(content: bytes) -> int:
    """The number of the primary item; ISO/IEC 14496-12, section 8.11.4."""
    return int.from_bytes(content[4:6] if content[0] == 0 else content[4:8])


def _properties_of(content: bytes, item: int) -> list[int]:
    """The numbers of an item's properties, from 1; ISO/IEC 23008-12, section 9.3.1."""
    version, wide = content[0], content[3] & 1
    (count,) = struct.unpack_from(">L", content, 4)
    at = 8
    for _ in range(min(count, _ASSOCIATIONS)):
        number, several = struct.unpack_from(">LB" if version else ">HB", content, at)
        at += 5 if version else 3
        size = 2 if wide else 1
        if number == item:
            values = [content[at + size * n : at + size * (n + 1)] for n in range(several)]
            most = 0x7FFF if wide else 0x7F  # the highest bit says whether it is essential
            return [int.from_bytes(value) & most for value in values]
        at += several * size
    return []
