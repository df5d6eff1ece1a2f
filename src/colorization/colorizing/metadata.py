"""Copy a photograph's metadata to the result, in any combination of formats.

References
----------
IPTC Photo Metadata Standard; Metadata Working Group, Guidelines for Handling Image Metadata 2.0;
PNG, third edition, "Keywords and text strings".
"""

import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO

from PIL import PngImagePlugin

from colorization.colorizing import blocks, exif, iptc
from colorization.colorizing.blocks import Text
from colorization.colorizing.exif import Exif, Resolution
from colorization.colorizing.mark import Mark
from colorization.colorizing.tiff_directories import BYTE, UNDEFINED, Directory, Entry
from colorization.colorizing.xmp import Packet, Value, md5_of
from colorization.core.errors import PhotographWarning

LONGEST_SEGMENT = 65_533  # bytes in a JPEG: the length has 16 bits and includes itself
# XMP properties of PNG keywords.
_TEXTS = {
    "Title": "dc:title",
    "Author": "dc:creator",
    "Description": "dc:description",
    "Copyright": "dc:rights",
    "Creation Time": "xmp:CreateDate",
    "Software": "xmp:CreatorTool",
    "Comment": "exif:UserComment",
}
_ALTERNATIVES = {"dc:title", "dc:description", "dc:rights", "exif:UserComment"}


@dataclass(frozen=True)
class Metadata:
    """The metadata that is kept of a file.

    Attributes
    ----------
    exif : Exif
        Without the orientation, which is applied to the pixels.
    xmp : tuple of bytes
        Packets; of duplicate properties, the first one is used.
    iptc : bytes
        IPTC-IIM.
    resolution : Resolution or None
        From the format's own field, else from EXIF.
    texts : tuple of Text
        Of a PNG.
    comments : tuple of bytes
        Of a JPEG or GIF.
    """

    exif: Exif = field(default_factory=Exif)
    xmp: tuple[bytes, ...] = ()
    iptc: bytes = b""
    resolution: Resolution | None = None
    texts: tuple[Text, ...] = ()
    comments: tuple[bytes, ...] = ()


def read(
    file: BinaryIO, page: int | None = None, info: Mapping[Any, Any] | None = None
) -> Metadata:
    """Read a file's metadata, without decoding pixels.

    Parameters
    ----------
    file : binary file
    page : int, optional
        Of a TIFF, from 0. Default: the first one.
    info : mapping, optional
        `Image.info` of the decoded file, in which the decoders of HEIC and AVIF return metadata.

    Warns
    -----
    PhotographWarning
        If something is damaged. It is dropped, with what depends on it.
    """
    content = blocks.find(file, page, info)
    resolution = content.resolution or content.exif.resolution
    if content.exif.swaps_sides and resolution is not None:
        resolution = resolution.swapped
    return Metadata(
        content.exif.upright(),
        tuple(content.xmp),
        content.iptc,
        resolution,
        tuple(content.texts),
        tuple(content.comments),
    )


def options(
    metadata: Metadata, kind: str, size: tuple[int, int], mark: Mark | None = None
) -> dict[str, Any]:
    """Build the arguments of `Image.save` that write the metadata and the mark.

    Parameters
    ----------
    metadata : Metadata
    kind : {"JPEG", "PNG", "TIFF", "WEBP"}
        The format. There are no arguments for TIFF; see `append_to_tiff`.
    size : (int, int)
        Width and height of the image in px.
    mark : Mark, optional
    """
    described = metadata.exif.of_size(*size)
    packet = _packet(metadata, kind, mark)
    if kind == "JPEG":
        return _for_jpeg(metadata, described, packet)
    if kind == "PNG":
        return _for_png(metadata, described, packet)
    if kind == "WEBP":
        return {"exif": exif.block(_with_resolution(described, metadata))} | (
            {"xmp": packet.to_bytes()} if packet else {}
        )
    return {}


def append_to_tiff(
    path: Path, metadata: Metadata, size: tuple[int, int], mark: Mark | None = None
) -> None:
    """Write the metadata and the mark into a saved TIFF without any; see `options`."""
    described = _with_resolution(metadata.exif.of_size(*size), metadata)
    entries: Directory = {}
    if packet := _packet(metadata, "TIFF", mark):
        entries[exif.XMP] = Entry(BYTE, packet.to_bytes())
    if metadata.iptc:
        entries[exif.IPTC] = Entry(UNDEFINED, metadata.iptc)
    if described.main or described.ifds or entries:
        exif.append_to_tiff(path, described, entries)


def _packet(metadata: Metadata, kind: str, mark: Mark | None) -> Packet | None:
    """XMP with the mark and what the format cannot store otherwise; None if it is empty."""
    packet = Packet()
    for content in metadata.xmp:
        try:
            packet.add_missing(Packet(content))
        except ValueError as error:
            _warn(f"XMP dropped: {error}")
    packet.remove_outdated()
    texts: dict[str, str] = {}
    if kind != "PNG":
        texts = {text.keyword: text.value for text in metadata.texts}
    if kind not in {"JPEG", "PNG"} and metadata.comments:
        texts["Comment"] = iptc.text(metadata.comments[0])
    properties = {_TEXTS[key]: _value(key, text) for key, text in texts.items() if key in _TEXTS}
    if kind == "WEBP":
        properties |= iptc.properties(metadata.iptc)
    for name, value in properties.items():
        if value and name not in packet:
            packet.set(name, value)
    if mark is not None:
        mark.add_to(packet)
    return packet or None


def _value(keyword: str, text: str) -> Value:
    """A PNG's text as the value of an XMP property; empty if it cannot be converted."""
    name = _TEXTS[keyword]
    if name in _ALTERNATIVES:
        return {"x-default": text}
    if name == "dc:creator":
        return [text]
    if name == "xmp:CreateDate":
        try:
            return parsedate_to_datetime(text).isoformat()
        except (ValueError, OverflowError):  # PNG recommends the format of RFC 1123, but allows any
            return ""
    return text


def _with_resolution(described: Exif, metadata: Metadata) -> Exif:
    """EXIF with the resolution, for formats without a field of their own."""
    if described.resolution is not None or metadata.resolution is None:
        return described
    return described.with_resolution(metadata.resolution)


def _for_jpeg(metadata: Metadata, described: Exif, packet: Packet | None) -> dict[str, Any]:
    # Exif requires its segment to be the first, but Pillow writes it last.
    segments = []
    if content := exif.block(described, LONGEST_SEGMENT - len(blocks.EXIF_NAME)):
        segments += _segments(blocks.APP1, blocks.EXIF_NAME, content)
    if packet:
        segments += _segments_of_xmp(packet)
    if metadata.iptc:
        resource = iptc.as_resource(metadata.iptc)
        segments += _segments(blocks.APP13, blocks.PHOTOSHOP_NAME, resource)
    for comment in metadata.comments:
        segments += _segments(blocks.COMMENT, b"", comment)
    return {"extra": b"".join(segments)} | _dpi(metadata)


def _segments_of_xmp(packet: Packet) -> list[bytes]:
    main, rest = packet.to_two(LONGEST_SEGMENT - len(blocks.XMP_NAME))
    segments = _segments(blocks.APP1, blocks.XMP_NAME, main)
    longest = LONGEST_SEGMENT - len(blocks.EXTENDED_NAME) - blocks.EXTENDED_HEAD.size
    for start in range(0, len(rest), longest):
        head = blocks.EXTENDED_HEAD.pack(md5_of(rest), len(rest), start)
        name = blocks.EXTENDED_NAME + head
        segments += _segments(blocks.APP1, name, rest[start : start + longest])
    return segments


def _segments(marker: int, name: bytes, content: bytes) -> list[bytes]:
    """Segments of a JPEG, each with a name, that divide a content if it is too long for one."""
    longest = LONGEST_SEGMENT - len(name)
    pieces = [content[start : start + longest] for start in range(0, len(content), longest)]
    return [
        struct.pack(">BBH", 0xFF, marker, 2 + len(name) + len(piece)) + name + piece
        for piece in pieces
    ]


def _for_png(metadata: Metadata, described: Exif, packet: Packet | None) -> dict[str, Any]:
    info = PngImagePlugin.PngInfo()
    for text in metadata.texts:
        info.add(*text.chunk)
    for comment in metadata.comments:
        info.add_text("Comment", iptc.text(comment))
    if packet:
        info.add_itxt(blocks.XMP_KEYWORD, packet.to_bytes().decode())
    if metadata.iptc:
        resource = iptc.as_resource(metadata.iptc)
        info.add_text(f"{blocks.PROFILE}iptc", _hexadecimal("iptc", resource), zip=True)
    return {"pnginfo": info, "exif": exif.block(described)} | _dpi(metadata)


def _hexadecimal(name: str, content: bytes) -> str:
    """A raw profile in ImageMagick's format: 36 bytes a line."""
    digits = content.hex()
    lines = [digits[start : start + 72] for start in range(0, len(digits), 72)]
    return "\n".join(["", name, f"{len(content):8}", *lines, ""])


def _dpi(metadata: Metadata) -> dict[str, Any]:
    if metadata.resolution is None:
        return {}
    return {"dpi": (float(metadata.resolution.x), float(metadata.resolution.y))}


def _warn(message: str) -> None:
    warnings.warn(message, PhotographWarning, stacklevel=3)
