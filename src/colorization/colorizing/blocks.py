"""Find the blocks of metadata in a file, without decoding pixels.

References
----------
JFIF 1.02; PNG, third edition; TIFF 6.0; WebP Container Specification; GIF89a; Microsoft's
BITMAPINFOHEADER; ISO/IEC 15444-1, Annex I (JP2); ISO/IEC 18181-2 (JPEG XL); Adobe, XMP
Specification Part 3, for where each format stores XMP.
"""

import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, BinaryIO, NamedTuple

from colorization.colorizing import exif, iptc
from colorization.colorizing.exif import Exif, Resolution
from colorization.colorizing.tiff_directories import Directory, Tiff
from colorization.core.errors import ColorizationError, PhotographWarning, reason
from colorization.photos import boxes, jpeg, modern
from colorization.photos.boxes import Box
from colorization.photos.tiff import is_tiff, pages

MOST_PIECES = 1_000_000  # segments or chunks of a file
MOST_BYTES = 1 << 26  # of all blocks of a file
_TRUNCATED = "the file is truncated"
_TOO_MUCH = f"more than {MOST_BYTES >> 20} MiB of metadata, or {MOST_PIECES:,} pieces"
MOST_TEXT = 1 << 24  # bytes of all texts of a PNG: compressed ones can expand to gigabytes

# Names at the beginning of a JPEG's segments.
EXIF_NAME = b"Exif\0\0"
XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_NAME = b"http://ns.adobe.com/xmp/extension/\0"
EXTENDED_HEAD = struct.Struct(">32sLL")  # the packet's MD5 and size, and this piece's offset
PHOTOSHOP_NAME = b"Photoshop 3.0\0"
APP0, APP1, APP13, COMMENT = 0xE0, 0xE1, 0xED, 0xFE

XMP_KEYWORD = "XML:com.adobe.xmp"
# ImageMagick's and ExifTool's; the profile is in hexadecimal digits.
PROFILE = "Raw profile type "
_PROFILE = re.compile(r"\n.*\n\s*\d+\n([\s0-9a-fA-F]*)")


_METERS_PER_INCH = Fraction(254, 10_000)

_OF_PNG = {b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
_OF_WEBP = {b"EXIF", b"XMP "}
_GIF_XMP = b"XMP DataXMP"
# GIF stores XMP without sub-blocks. For readers that expect sub-blocks, this trailer leads from any
# position to the end of the extension.
_GIF_XMP_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"

# Types of uuid boxes of a JP2: of Adobe's XMP, of "JpgTiffExif->JP2", and of IPTC-IIM.
_UUID_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_UUID_EXIF = b"JpgTiffExif->JP2"
_UUID_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")


class Text(NamedTuple):
    """A text of a PNG: its chunk (type and data), keyword and value."""

    chunk: tuple[bytes, bytes]
    keyword: str
    value: str


@dataclass
class Blocks:
    """The blocks of a file.

    Attributes
    ----------
    exif : Exif
    xmp : list of bytes
        Packets, by descending priority.
    iptc : bytes
        IPTC-IIM.
    resolution : Resolution, optional
        From the format's own field, not from EXIF.
    texts : list of Text
        Of a PNG.
    comments : list of bytes
        Of a JPEG or GIF.
    """

    exif: Exif = field(default_factory=Exif)
    xmp: list[bytes] = field(default_factory=list)
    iptc: bytes = b""
    resolution: Resolution | None = None
    texts: list[Text] = field(default_factory=list)
    comments: list[bytes] = field(default_factory=list)

    def add_exif(self, content: bytes) -> None:
        """Add a block of EXIF, unless there is one."""
        if self.exif.main or self.exif.ifds:
            return
        try:
            self.exif = exif.read_block(content.removeprefix(EXIF_NAME))
        except (ValueError, struct.error):
            _warn("EXIF damaged and dropped")

    def add_photoshop(self, content: bytes) -> None:
        """Add IPTC-IIM from Photoshop's image resources, unless there is some."""
        try:
            for number, resource in iptc.resources(content):
                if number == iptc.RESOURCE:
                    self.iptc = self.iptc or resource
        except (ValueError, struct.error):
            _warn("Photoshop's image resources damaged; IPTC may be dropped")


def find(file: BinaryIO, page: int | None = None, info: Mapping[Any, Any] | None = None) -> Blocks:
    """Find the blocks of a photograph.

    Parameters
    ----------
    file : binary file
    page : int, optional
        Of a TIFF, from 0. Default: the first one.
    info : mapping, optional
        `Image.info` of the decoded file, in which the decoders of HEIC and AVIF return metadata.

    Returns
    -------
    Blocks
        Up to where the file is damaged.
    """
    blocks = Blocks()
    file.seek(0)
    beginning = file.read(12)
    try:
        if beginning[:2] == b"\xff\xd8":
            _of_jpeg(file, blocks)
        elif beginning[:8] == b"\x89PNG\r\n\x1a\n":
            _of_png(file, blocks)
        elif is_tiff(file):
            _of_tiff(file, page or 0, blocks)
        elif beginning[:4] == b"RIFF" and beginning[8:] == b"WEBP":
            _of_webp(file, blocks)
        elif beginning[:3] == b"GIF":
            _of_gif(file, blocks)
        elif beginning[:2] == b"BM":
            _of_bmp(file, blocks)
        else:
            _of_modern(file, info or {}, blocks)
    except (ColorizationError, ValueError, struct.error, OverflowError) as error:
        _warn(f"metadata damaged, kept only in part: {reason(error)}")
    return blocks


def _of_jpeg(file: BinaryIO, blocks: Blocks) -> None:
    photoshop = b""
    extended: dict[bytes, dict[int, bytes]] = {}  # pieces by MD5 and offset
    for marker, content in _segments_of_jpeg(file):
        if marker == APP0 and content.startswith(b"JFIF\0"):
            unit, x, y = struct.unpack_from(">BHH", content, 7)
            if unit:
                scale = Fraction(1) if unit == 1 else Fraction(254, 100)
                blocks.resolution = Resolution.of(x * scale, y * scale)
        elif marker == APP1 and content.startswith(EXIF_NAME):
            blocks.add_exif(content)
        elif marker == APP1 and content.startswith(XMP_NAME):
            blocks.xmp.append(content.removeprefix(XMP_NAME))
        elif marker == APP1 and content.startswith(EXTENDED_NAME):
            name, _, start = EXTENDED_HEAD.unpack_from(content, len(EXTENDED_NAME))
            piece = content[len(EXTENDED_NAME) + EXTENDED_HEAD.size :]
            extended.setdefault(name, {})[start] = piece
        elif marker == APP13 and content.startswith(PHOTOSHOP_NAME):
            photoshop += content.removeprefix(PHOTOSHOP_NAME)
        elif marker == COMMENT:
            blocks.comments.append(content)
    # Extended packets that the main one does not reference belong to other photographs.
    main = b"".join(blocks.xmp)
    joined = [_joined(pieces) for name, pieces in extended.items() if name in main]
    blocks.xmp += [packet for packet in joined if packet]
    blocks.add_photoshop(photoshop)


def _segments_of_jpeg(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the segments before the first scan, within the limits of this module."""
    size = 0
    for count, (marker, content) in enumerate(jpeg.segments(file), start=1):
        if marker in {jpeg.SOS, jpeg.EOI}:
            return
        size += len(content)
        if size > MOST_BYTES or count > MOST_PIECES:
            raise ValueError(_TOO_MUCH)
        yield marker, content
    raise ValueError(_TRUNCATED)


def _joined(pieces: dict[int, bytes]) -> bytes:
    """An extended packet, from its pieces in any order; empty if one is missing."""
    packet = bytearray()
    for start, piece in sorted(pieces.items()):
        if start != len(packet):
            _warn("extended XMP dropped: a piece is missing")
            return b""
        packet += piece
    return bytes(packet)


def _of_png(file: BinaryIO, blocks: Blocks) -> None:
    photoshop = b""
    left = MOST_TEXT
    for kind, content in _chunks_of_png(file):
        if kind == b"pHYs":
            x, y, unit = struct.unpack(">LLB", content)
            blocks.resolution = Resolution.of(_per_inch(x), _per_inch(y)) if unit else None
        elif kind == b"eXIf":
            blocks.exif = Exif()  # replaces a raw profile
            blocks.add_exif(content)
        else:
            text = _text(kind, content, left)
            left -= len(text.value)
            if text.keyword == XMP_KEYWORD:
                blocks.xmp.append(text.value.encode())
            elif text.keyword.startswith(PROFILE):
                photoshop += _add_profile(text, blocks)
            else:
                blocks.texts.append(text)
    blocks.add_photoshop(photoshop)


def _chunks_of_png(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield types and data of the chunks in `_OF_PNG`, which may follow the pixels."""
    file.seek(8)
    left = MOST_BYTES
    for _ in range(MOST_PIECES):
        head = file.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">L4s", head)
        if kind in _OF_PNG:
            left -= size
            if left < 0:
                break
            yield kind, _exactly(file, size)
            size = 0
        file.seek(size + 4, 1)  # with the checksum
    raise ValueError(_TOO_MUCH)


def _text(kind: bytes, content: bytes, longest: int) -> Text:
    """Parse a text chunk: Latin-1 or, in iTXt, UTF-8."""
    keyword, _, rest = content.partition(b"\0")
    encoding, compressed = "latin-1", kind == b"zTXt"
    if kind == b"iTXt":
        encoding, compressed = "utf-8", rest[:1] == b"\x01"
        _, _, rest = rest[2:].split(b"\0", 2)  # language and translated keyword
    elif compressed:
        rest = rest[1:]
    if compressed:
        try:
            rest = zlib.decompressobj().decompress(rest, longest + 1)
        except zlib.error as error:
            raise ValueError("a damaged compressed text") from error
    if len(rest) > longest:
        raise ValueError(f"more than {MOST_TEXT >> 20} MiB of texts")
    value = rest.decode(encoding, "replace")
    return Text((kind, content), keyword.decode("latin-1"), value)


def _add_profile(text: Text, blocks: Blocks) -> bytes:
    """Add a raw profile, or return it if it consists of Photoshop's image resources."""
    match = _PROFILE.match(text.value)
    profile = bytes.fromhex(match[1]) if match else b""
    name = text.keyword.removeprefix(PROFILE)
    if name == "xmp" or profile.startswith(XMP_NAME):
        blocks.xmp.append(profile.removeprefix(XMP_NAME))
    elif name in {"exif", "APP1"}:
        blocks.add_exif(profile)
    elif name in {"iptc", "8bim"}:
        if not profile.startswith(b"\x1c"):
            return profile
        blocks.iptc = profile
    return b""


def _per_inch(per_meter: int) -> Fraction:
    """Convert pixels per meter to pixels per inch, undoing the rounding of whole numbers."""
    exact = per_meter * _METERS_PER_INCH
    return Fraction(round(exact)) if round(round(exact) / _METERS_PER_INCH) == per_meter else exact


def _of_webp(file: BinaryIO, blocks: Blocks) -> None:
    file.seek(12)
    for _ in range(MOST_PIECES):
        head = file.read(8)
        if len(head) < 8:
            return
        kind, size = struct.unpack("<4sL", head)
        padding = size % 2
        if kind in _OF_WEBP:
            if size > MOST_BYTES:
                break
            content, size = _exactly(file, size), 0
            if kind == b"EXIF":
                blocks.add_exif(content)
            else:
                blocks.xmp.append(content)
        file.seek(size + padding, 1)
    raise ValueError(_TOO_MUCH)


def _of_tiff(file: BinaryIO, page: int, blocks: Blocks) -> None:
    directory = pages(file)[page]
    tiff = Tiff(file)
    chosen = tiff.fields(directory.offset)
    blocks.exif = exif.read(tiff, chosen)
    profiles = (exif.XMP, exif.IPTC, exif.PHOTOSHOP)
    values = tiff.read({tag: chosen[tag] for tag in profiles if tag in chosen})
    exif.warn_if_damaged(tiff)
    if exif.XMP in values:
        blocks.xmp.append(values[exif.XMP].value)
    if exif.IPTC in values:
        blocks.iptc = _iptc_of_tiff(values)
    if exif.PHOTOSHOP in values:
        blocks.add_photoshop(values[exif.PHOTOSHOP].value)


def _iptc_of_tiff(values: Directory) -> bytes:
    """IPTC-IIM; programs that store it as 32-bit numbers may swap their bytes."""
    content = values[exif.IPTC].value
    if content.startswith(b"\x1c"):
        return content
    return b"".join(content[start : start + 4][::-1] for start in range(0, len(content), 4))


def _of_gif(file: BinaryIO, blocks: Blocks) -> None:
    file.seek(10)
    (flags,) = file.read(1)
    file.seek(13 + _color_table(flags))
    for _ in range(MOST_PIECES):
        kind = file.read(1)
        if kind == b"!":
            label = file.read(1)
            content = _sub_blocks(file)
            if label == b"\xfe":
                blocks.comments.append(b"".join(content))
            elif label == b"\xff" and content[:1] == [_GIF_XMP]:
                raw = b"".join(bytes([len(block)]) + block for block in content[1:]) + b"\0"
                blocks.xmp.append(raw.removesuffix(_GIF_XMP_TRAILER))
        elif kind == b",":
            flags = _exactly(file, 9)[8]
            file.seek(_color_table(flags) + 1, 1)  # and the code size
            _sub_blocks(file)
        else:
            return


def _color_table(flags: int) -> int:
    """Size of a GIF's color table in bytes."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(file: BinaryIO) -> list[bytes]:
    """Read sub-blocks of up to 255 bytes, until an empty one."""
    blocks: list[bytes] = []
    while (size := _exactly(file, 1)[0]) and len(blocks) < MOST_PIECES:
        blocks.append(_exactly(file, size))
    return blocks


def _of_bmp(file: BinaryIO, blocks: Blocks) -> None:
    file.seek(14)
    size, x, y = struct.unpack("<L20xll", _exactly(file, 32))
    if size >= 40:
        blocks.resolution = Resolution.of(_per_inch(x), _per_inch(y))


def _of_modern(file: BinaryIO, info: Mapping[Any, Any], blocks: Blocks) -> None:
    name = modern.kind(file)
    if name in {modern.AVIF, modern.HEIC}:
        if content := info.get("exif"):
            blocks.add_exif(content)
        if content := info.get("xmp"):
            blocks.xmp.append(content)
    elif name == modern.JPEG_XL:
        _of_jpeg_xl(file, blocks)
    elif name == modern.JPEG_2000:
        _of_jpeg_2000(file, blocks)


def _of_jpeg_xl(file: BinaryIO, blocks: Blocks) -> None:
    file.seek(0)
    if file.read(2) == modern.jpeg_xl.CODESTREAM:
        return  # without a container, there is no metadata
    for box in boxes.boxes(file):
        kind, content = box.kind, b""
        if kind in {b"Exif", b"xml ", b"brob"}:
            content = boxes.read(file, box, MOST_BYTES)
        if kind == b"brob":
            kind = content[:4]
            content = _unpacked(content[4:]) if kind in {b"Exif", b"xml "} else b""
        if kind == b"Exif":
            blocks.add_exif(content[4 + int.from_bytes(content[:4]) :])
        elif kind == b"xml ":
            blocks.xmp.append(content)


def _unpacked(content: bytes) -> bytes:
    """Decompress Brotli."""
    import imagecodecs  # noqa: PLC0415 (slow, and rarely needed)

    try:
        return bytes(imagecodecs.brotli_decode(content, out=MOST_TEXT))
    except imagecodecs.BrotliError as error:
        raise ValueError(f"damaged, or more than {MOST_TEXT >> 20} MiB compressed") from error


def _of_jpeg_2000(file: BinaryIO, blocks: Blocks) -> None:
    file.seek(0)
    if file.read(4) != bytes([0, 0, 0, 12]):
        return  # a codestream without boxes
    for box in boxes.boxes(file):
        if box.kind == b"jp2h":
            blocks.resolution = _resolution_of_jpeg_2000(file, box)
        elif box.kind == b"uuid" and box.end - box.start > 16:
            file.seek(box.start)
            kind = file.read(16)
            if kind in {_UUID_XMP, _UUID_EXIF, _UUID_IPTC}:
                content = boxes.read(file, box, MOST_BYTES)[16:]
                if kind == _UUID_XMP:
                    blocks.xmp.append(content)
                elif kind == _UUID_EXIF:
                    blocks.add_exif(content)
                else:
                    blocks.iptc = content


def _resolution_of_jpeg_2000(file: BinaryIO, header: Box) -> Resolution | None:
    """The resolution of the capture or, without it, that of the display."""
    for kind in (b"resc", b"resd"):
        if box := boxes.first(file, b"res ", kind, within=header):
            y, of_y, x, of_x, y_power, x_power = struct.unpack(">4H2b", boxes.read(file, box))
            if of_x and of_y:
                per_meter = (
                    round(Fraction(number, divisor) * Fraction(10) ** power)
                    for number, divisor, power in ((x, of_x, x_power), (y, of_y, y_power))
                )
                return Resolution.of(*map(_per_inch, per_meter))
    return None


def _exactly(file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise ValueError(_TRUNCATED)
    return content


def _warn(message: str) -> None:
    warnings.warn(message, PhotographWarning, stacklevel=3)
