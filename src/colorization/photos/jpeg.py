"""Parse a JPEG's segments, and decode JPEGs without an end marker.

References
----------
ITU-T T.81 | ISO/IEC 10918-1, Annex B (markers) and Annex G (progressive scans).
"""

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, JpegImagePlugin

from colorization.core.errors import PhotographWarning
from colorization.photos.strips import strips

SOS, EOI = 0xDA, 0xD9  # markers: start of scan, end of image
_DQT = 0xDB
_RESTARTS = range(0xD0, 0xD8)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF; the others are tables and extensions
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2  # Huffman-coded
_END = bytes([0xFF, EOI])
# Any marker, except stuffing, fill bytes and those without a segment.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_BLOCK = 1 << 14  # bytes read at a time
_COEFFICIENTS = 64  # of a block of 8 x 8 pixels
_COARSE = 16
_CONTINUATIONS = 8  # all values of three missing bits
_BYTES_TO_CONTINUE = 64
_NEVER_WRITTEN = bytes(16)  # at the end of a file that was allocated, but not completely written


class Frame(NamedTuple):
    """A frame header; section B.2.2."""

    marker: int
    bits: int
    height: int
    width: int
    components: tuple[int, ...]


def frame(file: BinaryIO) -> Frame | None:
    """Read the frame header of a JPEG; None if there is none before the first scan."""
    for marker, content in segments(file):
        if marker == SOS:
            break
        if marker in _FRAMES and len(content) >= 6 + 3 * content[5]:
            height, width = int.from_bytes(content[1:3]), int.from_bytes(content[3:5])
            components = tuple(content[6 : 6 + 3 * content[5] : 3])
            return Frame(marker, content[0], height, width, components)
    return None


def can_be_reduced(file: BinaryIO) -> bool:
    """Whether Pillow can decode a JPEG at a fraction of its size.

    With a lossless JPEG, Pillow 12 would write out of bounds.
    """
    header = frame(file)
    huffman = {_BASELINE, _EXTENDED, _PROGRESSIVE}
    return header is not None and header.marker in huffman and header.bits == 8


def lacks_end(file: BinaryIO) -> bool:
    """Whether a JPEG has no end marker; data after it is ignored."""
    file.seek(0, io.SEEK_END)
    file.seek(-min(file.tell(), len(_END)), io.SEEK_CUR)
    return file.read() != _END and all(marker != EOI for marker, _ in segments(file))


class WithoutEnd(JpegImagePlugin.JpegImageFile):
    """A JPEG without an end marker; loading raises if any pixel is missing, else warns.

    Parameters
    ----------
    content : bytes
        The file's content.
    """

    def __init__(self, content: bytes) -> None:
        if content.endswith(_NEVER_WRITTEN):
            content = content.rstrip(b"\0")
        self._content = content.removesuffix(_END[:1])
        super().__init__(io.BytesIO(self._content + _END))

    def load(self) -> Any:
        """Decode the pixels."""
        if self.tile:
            if not _has_all_pixels(self._content):
                raise OSError("image file is truncated")
            warnings.warn("missing end marker", PhotographWarning, stacklevel=2)
        return super().load()


def _has_all_pixels(content: bytes) -> bool:
    """Whether the pixels are independent of what would follow the content.

    libjpeg replaces missing bits by 0, and Pillow does not report it. So the content is decoded
    with several continuations, which differ in every missing bit.
    """
    if not _has_all_scans(content):
        return False
    sensitive = _with_coarse_steps(content)
    rng = np.random.default_rng(0)
    pixels = set()
    for first in range(0, 256, 256 // _CONTINUATIONS):
        continued = sensitive + bytes([first]) + _continuation(content, rng) + _END
        image = Image.open(io.BytesIO(continued), formats=["JPEG"])
        digest = hashlib.sha256()
        for box in strips(image.size):
            digest.update(image.crop(box).tobytes())
        pixels.add(digest.digest())
        if len(pixels) > 1:
            return False
    return True


def _continuation(content: bytes, rng: np.random.Generator) -> bytes:
    """Random data for this and the next restart intervals; section B.2.1."""
    numbers = [content.rfind(bytes([0xFF, marker])) for marker in _RESTARTS]
    last = numbers.index(max(numbers)) if max(numbers) >= 0 else -1
    data = rng.integers(0, 0xFF, (1 + len(_RESTARTS), _BYTES_TO_CONTINUE), np.uint8)
    markers = [_RESTARTS[(last + 1 + index) % len(_RESTARTS)] for index in range(len(_RESTARTS))]
    return data[0].tobytes() + b"".join(
        bytes([0xFF, marker]) + more.tobytes()
        for marker, more in zip(markers, data[1:], strict=True)
    )


def _with_coarse_steps(content: bytes) -> bytes:
    """Enlarge quantization steps, so that each bit of a coefficient changes the pixels.

    The step of the mean (DC) is kept, since clipping to black and white would hide the rest.
    """
    changed = bytearray(content)
    file = io.BytesIO(content)
    for marker, table in segments(file):
        start = file.tell() - len(table)
        offset = 0
        while marker == _DQT and offset < len(table):  # section B.2.4.1
            size = 2 if table[offset] >> 4 else 1
            mean = offset + 1 + size
            end = min(len(table), offset + 1 + size * _COEFFICIENTS)
            for step in range(mean + size - 1, end, size):  # its lowest byte
                changed[start + step] |= _COARSE
            offset = end
    return bytes(changed)


def _has_all_scans(content: bytes) -> bool:
    """Whether the scans, as far as begun, contain all bits of all coefficients."""
    file = io.BytesIO(content)
    header = frame(file)
    if header is None or not can_be_reduced(file):
        return False
    complete = dict.fromkeys(header.components, [False] * _COEFFICIENTS)
    for marker, scan in segments(file):
        if marker == SOS and len(scan) >= 4 + 2 * scan[0]:  # section B.2.3
            first, last, position = scan[1 + 2 * scan[0] : 4 + 2 * scan[0]]
            is_exact = position & 0x0F == 0
            for component in scan[1 : 1 + 2 * scan[0] : 2]:
                if is_exact and component in complete:
                    before = complete[component]
                    complete[component] = [
                        before[index] or first <= index <= last for index in range(_COEFFICIENTS)
                    ]
    return all(map(all, complete.values()))


def segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of each segment, up to the end marker or the end of the file.

    Whatever is between segments, such as compressed data, is skipped.
    """
    file.seek(len(_END))  # the start marker is as long
    while (marker := _next_marker(file)) is not None:
        if marker == EOI:
            yield marker, b""
            return
        length = int.from_bytes(file.read(2))
        content = file.read(max(0, length - 2))
        if len(content) != length - 2:
            return
        yield marker, content


def _next_marker(file: BinaryIO) -> int | None:
    """Skip everything up to the next marker, and return it."""
    while block := file.read(_BLOCK):
        if match := _MARKER.search(block):
            file.seek(match.end() - len(block), io.SEEK_CUR)
            return match[1][0]
        if len(block) == _BLOCK and block.endswith(b"\xff"):
            file.seek(-1, io.SEEK_CUR)
    return None
