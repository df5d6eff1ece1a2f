"""Read and write the directories of TIFF files and of EXIF.

Values are typed bytes, so that they are copied unchanged.

References
----------
TIFF 6.0, section 2; BigTIFF, as libtiff documents it; Exif 2.32, section 4.6.2.
"""

import struct
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

import numpy as np

from colorization.colorizing.accepted import TIFF

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
# Bytes of a value of each type, and of the numbers it consists of. Type 129 is UTF-8 (Exif 3.0).
# Types 16 to 18 exist only in BigTIFF, not in EXIF.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
NUMBERS = SIZES | {5: 4, 10: 4}
POINTERS = {4: "L", 13: "L", 16: "Q", 18: "Q"}

MOST_BYTES = 1 << 24  # of all values read from a file: malicious ones may overlap
HEAD = 8  # bytes: byte order, 42, and the offset of the first directory


class Entry(NamedTuple):
    """An entry of a directory.

    Attributes
    ----------
    type : int
        TIFF 6.0, section 2.
    value : bytes
        In the file's byte order.
    offset : int
        Where the value was read; 0 if it is stored within the directory.
    """

    type: int
    value: bytes
    offset: int = 0


Directory = dict[int, Entry]  # by tag


class _Field(NamedTuple):
    """An entry of a directory as stored: `content` is the value or its offset."""

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
    order : {"<", ">"}
        Byte order, as in `struct`.
    damaged : bool
        Whether a value was skipped because it is damaged or exceeds `MOST_BYTES`.

    Raises
    ------
    ValueError
        If it is not a TIFF.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        head = file.read(16)
        kind = head[:4]
        if kind not in TIFF:
            raise ValueError("not a TIFF")
        self.order = "<" if kind[:1] == b"I" else ">"
        self.damaged = False
        self._big = b"+" in kind
        self._word = "Q" if self._big else "L"
        self._left = MOST_BYTES
        (self._first,) = self._unpack(self._word, head[8 if self._big else 4 :])

    def first(self) -> Mapping[int, _Field]:
        """Return the fields of the first directory, without reading their values."""
        return self.fields(self._first)

    def read(self, fields: Mapping[int, _Field]) -> Directory:
        """Read the values of fields, except damaged ones."""
        return {tag: entry for tag, field in fields.items() if (entry := self._entry(field))}

    def below(self, field: _Field) -> Mapping[int, _Field]:
        """Return the fields of the directory that a field points to; empty if damaged."""
        offset = self.number(field) if field.type in POINTERS and field.length == 1 else 0
        if not offset:
            self.damaged = True
            return {}
        return self.fields(offset)

    def number(self, field: _Field) -> int:
        """Return a field's integer; 0 if it has none."""
        code = ({BYTE: "B", SHORT: "H"} | POINTERS).get(field.type)
        if code is None or struct.calcsize(self.order + code) > len(field.content):
            return 0
        return int(self._unpack(code, field.content)[0])

    def fields(self, offset: int) -> Mapping[int, _Field]:
        """Return the fields of the directory at an offset, as far as it is not truncated."""
        number, entry = ("Q", "HHQ8s") if self._big else ("H", "HHL4s")
        size = struct.calcsize(self.order + entry)
        try:
            self._file.seek(offset)
            (count,) = self._unpack(number, self._file.read(struct.calcsize(number)))
            content = self._file.read(size * min(count, 1 << 16))
        except (struct.error, OverflowError, ValueError):
            self.damaged = True
            return {}
        complete = len(content) // size
        self.damaged |= complete < count
        fields = [*struct.iter_unpack(self.order + entry, content[: complete * size])]
        # Of duplicate tags, readers use the first.
        return {tag: _Field(*field) for tag, *field in reversed(fields)}

    def _entry(self, field: _Field) -> Entry | None:
        size = SIZES.get(field.type, 0) * field.length
        if 0 < size <= len(field.content):
            return Entry(field.type, field.content[:size])
        (offset,) = self._unpack(self._word, field.content)
        value = b""
        if 0 < size <= self._left and offset < 1 << 63:
            self._file.seek(offset)
            value = self._file.read(size)
        if not size or len(value) < size:
            # Empty values are not damaged: some programs write them.
            self.damaged |= bool(field.length)
            return None
        self._left -= size
        return Entry(field.type, value, offset)

    def _unpack(self, form: str, content: bytes) -> tuple:
        return struct.unpack_from(self.order + form, content)


def in_order(entry: Entry, before: str, after: str) -> Entry:
    """Convert an entry to another byte order."""
    number = NUMBERS[entry.type]
    if before == after or number == 1:
        return entry
    swapped = np.frombuffer(entry.value, f"u{number}").byteswap()
    return Entry(entry.type, swapped.tobytes(), entry.offset)


def lay_out(
    order: str,
    first: Directory,
    children: Mapping[int, Directory],
    start: int,
    reserved: Entry | None = None,
) -> tuple[bytes, int]:
    """Serialize directories and their values.

    Parameters
    ----------
    order : {"<", ">"}
    first : Directory
    children : dict of Directory
        The directories that entries of `first` point to, by the tags of these entries.
    start : int
        Offset of the result in its file.
    reserved : Entry, optional
        An entry whose value keeps its offset.

    Returns
    -------
    content : bytes
    offset : int
        Of the first directory in the file.
    """
    space = _Space(start, reserved)
    offsets = {tag: space.allocate(_size(child)) for tag, child in children.items()}
    first = first | {
        tag: Entry(LONG, struct.pack(f"{order}L", offset)) for tag, offset in offsets.items()
    }
    beginning = space.allocate(_size(first))
    for offset, directory in [
        (beginning, first),
        *((offsets[tag], child) for tag, child in children.items()),
    ]:
        content = bytearray(struct.pack(f"{order}H", len(directory)))
        for tag, entry in sorted(directory.items()):
            count = len(entry.value) // SIZES[entry.type]
            field = entry.value.ljust(4, b"\0")
            if len(entry.value) > 4:
                at = entry.offset if entry is reserved else space.allocate(len(entry.value))
                space.write(at, entry.value)
                field = struct.pack(f"{order}L", at)
            content += struct.pack(f"{order}HHL", tag, entry.type, count) + field
        space.write(offset, bytes(content) + bytes(4))  # no next directory
    return bytes(space.content), beginning


def _size(directory: Directory) -> int:
    """Bytes of a directory without its values."""
    return 2 + 12 * len(directory) + 4


class _Space:
    """The bytes of a file from an offset on, allocated in order."""

    def __init__(self, start: int, reserved: Entry | None) -> None:
        self.content = bytearray()
        self._start = self._free = start
        self._reserved = range(0)
        if reserved is not None:
            self._reserved = range(reserved.offset, reserved.offset + len(reserved.value))

    def allocate(self, size: int) -> int:
        """Allocate bytes, and return their offset, which is even, as TIFF 6.0 requires."""
        self._free += self._free % 2
        if self._free < self._reserved.stop and self._free + size > self._reserved.start:
            self._free = self._reserved.stop + self._reserved.stop % 2
        offset = self._free
        self._free += size
        return offset

    def write(self, offset: int, content: bytes) -> None:
        """Write at an offset that was allocated or reserved."""
        begin = offset - self._start
        end = begin + len(content)
        self.content += bytes(max(0, end - len(self.content)))
        self.content[begin:end] = content
