"""Read and write the directories of TIFF files, in which EXIF is kept, too.

Values stay bytes with their type, so that whatever a program wrote is written again as it was.

References
----------
TIFF 6.0, section 2; BigTIFF, as libtiff documents it; Exif 2.32, section 4.6.2.
"""

import struct
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

import numpy as np

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
# Bytes of one value of a type, and of the numbers that it consists of. Type 129 is UTF-8, of
# Exif 3.0. Types 16 to 18, of 8 bytes, are BigTIFF's: no EXIF can hold them.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
NUMBERS = SIZES | {5: 4, 10: 4}
POINTERS = {4: "L", 13: "L", 16: "Q", 18: "Q"}

MOST_BYTES = 1 << 24  # of all values that are read of a file: hostile ones may overlap
HEAD = 8  # bytes: the order of bytes, 42, and where the first directory is


class Entry(NamedTuple):
    """An entry of a directory.

    Attributes
    ----------
    type : int
        Of TIFF 6.0, section 2.
    value : bytes
        In the file's order of bytes.
    place : int
        Where the value was read; 0 if it stood within its directory.
    """

    type: int
    value: bytes
    place: int = 0


Directory = dict[int, Entry]  # by tag


class _Field(NamedTuple):
    """An entry as it stands in a directory: the value, or the place where it is."""

    type: int
    length: int
    content: bytes


class Tiff:
    """The directories of a TIFF file or of a block of EXIF.

    Parameters
    ----------
    file : binary file

    Attributes
    ----------
    order : str
        "<" or ">", as `struct` names the order of bytes.
    damaged : bool
        Whether a value was passed over, since it is damaged or exceeds `MOST_BYTES`.

    Raises
    ------
    ValueError
        If it is no TIFF.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        head = file.read(16)
        kind = head[:4]
        if kind not in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
            raise ValueError("no TIFF")
        self.order = "<" if kind[:1] == b"I" else ">"
        self.damaged = False
        self._big = b"+" in kind
        self._word = "Q" if self._big else "L"
        self._left = MOST_BYTES
        (self._first,) = self._unpack(self._word, head[8 if self._big else 4 :])

    def first(self) -> Mapping[int, _Field]:
        """Give the fields of the first directory, without reading their values."""
        return self.fields(self._first)

    def read(self, fields: Mapping[int, _Field]) -> Directory:
        """Read the values of fields; damaged ones are left out."""
        return {tag: entry for tag, field in fields.items() if (entry := self._entry(field))}

    def below(self, field: _Field) -> Mapping[int, _Field]:
        """Give the fields of the directory that a field leads to; none if it leads nowhere."""
        place = self.number(field) if field.type in POINTERS and field.length == 1 else 0
        if not place:
            self.damaged = True
            return {}
        return self.fields(place)

    def number(self, field: _Field) -> int:
        """Give the integer that a field holds; 0 if it holds none."""
        code = ({BYTE: "B", SHORT: "H"} | POINTERS).get(field.type)
        if code is None or struct.calcsize(self.order + code) > len(field.content):
            return 0
        return int(self._unpack(code, field.content)[0])

    def fields(self, place: int) -> Mapping[int, _Field]:
        """Give the fields of the directory at a place in the file; none if it is cut off."""
        number, entry = ("Q", "HHQ8s") if self._big else ("H", "HHL4s")
        size = struct.calcsize(self.order + entry)
        try:
            self._file.seek(place)
            (count,) = self._unpack(number, self._file.read(struct.calcsize(number)))
            content = self._file.read(size * min(count, 1 << 16))
        except (struct.error, OverflowError, ValueError):
            self.damaged = True
            return {}
        whole = len(content) // size
        self.damaged |= whole < count
        read = [*struct.iter_unpack(self.order + entry, content[: whole * size])]
        # Of a tag that is there twice, readers take the first.
        return {tag: _Field(*field) for tag, *field in reversed(read)}

    def _entry(self, field: _Field) -> Entry | None:
        size = SIZES.get(field.type, 0) * field.length
        if 0 < size <= len(field.content):
            return Entry(field.type, field.content[:size])
        (place,) = self._unpack(self._word, field.content)
        value = b""
        if 0 < size <= self._left and place < 1 << 63:
            self._file.seek(place)
            value = self._file.read(size)
        if not size or len(value) < size:
            # An empty value is no damage: some programs write them.
            self.damaged |= bool(field.length)
            return None
        self._left -= size
        return Entry(field.type, value, place)

    def _unpack(self, form: str, content: bytes) -> tuple:
        return struct.unpack_from(self.order + form, content)


def in_order(entry: Entry, before: str, after: str) -> Entry:
    """Give an entry in another order of bytes."""
    number = NUMBERS[entry.type]
    if before == after or number == 1:
        return entry
    swapped = np.frombuffer(entry.value, f"u{number}").byteswap()
    return Entry(entry.type, swapped.tobytes(), entry.place)


def lay_out(
    order: str,
    first: Directory,
    parts: Mapping[int, Directory],
    start: int,
    reserved: Entry | None = None,
) -> tuple[bytes, int]:
    """Write directories and their values.

    Parameters
    ----------
    order : str
        "<" or ">".
    first : Directory
    parts : dict of Directory
        The directories that entries of `first` lead to, by the tags of these entries.
    start : int
        Where in a file the bytes will stand.
    reserved : Entry, optional
        One of the entries, whose value comes to stand where it was read.

    Returns
    -------
    bytes
    int
        Where in the file the first directory stands.
    """
    space = _Space(start, reserved)
    places = {tag: space.take(_size(part)) for tag, part in parts.items()}
    first = first | {
        tag: Entry(LONG, struct.pack(f"{order}L", place)) for tag, place in places.items()
    }
    beginning = space.take(_size(first))
    for place, directory in [(beginning, first), *((places[tag], parts[tag]) for tag in parts)]:
        content = bytearray(struct.pack(f"{order}H", len(directory)))
        for tag, entry in sorted(directory.items()):
            count = len(entry.value) // SIZES[entry.type]
            field = entry.value.ljust(4, b"\0")
            if len(entry.value) > 4:
                at = entry.place if entry is reserved else space.take(len(entry.value))
                space.put(at, entry.value)
                field = struct.pack(f"{order}L", at)
            content += struct.pack(f"{order}HHL", tag, entry.type, count) + field
        space.put(place, bytes(content) + bytes(4))  # no further directory
    return bytes(space.content), beginning


def _size(directory: Directory) -> int:
    """Bytes of a directory without its values."""
    return 2 + 12 * len(directory) + 4


class _Space:
    """The bytes from a place in a file on, which are given out one after the other."""

    def __init__(self, start: int, reserved: Entry | None) -> None:
        self.content = bytearray()
        self._start = self._free = start
        self._reserved = range(0)
        if reserved is not None:
            self._reserved = range(reserved.place, reserved.place + len(reserved.value))

    def take(self, size: int) -> int:
        """Give the place of as many free bytes; it is even, as TIFF 6.0 wants it."""
        self._free += self._free % 2
        if self._free < self._reserved.stop and self._free + size > self._reserved.start:
            self._free = self._reserved.stop + self._reserved.stop % 2
        place = self._free
        self._free += size
        return place

    def put(self, place: int, content: bytes) -> None:
        """Write at a place that was taken or reserved."""
        begin = place - self._start
        end = begin + len(content)
        self.content += bytes(max(0, end - len(self.content)))
        self.content[begin:end] = content
