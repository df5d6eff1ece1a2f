"""Keep what a photograph's file says beside its pixels, in whichever format it is written.

References
----------
IPTC Photo Metadata Standard; Metadata Working Group, Guidelines for Handling Image Metadata 2.0;
PNG, third edition, "Keywords and text strings".
"""

import struct
import warnings
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

LONGEST_SEGMENT = 65_533  # bytes in a JPEG: the length has 16 bits and counts itself
# What XMP calls what a PNG's texts say.
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
    """What is kept of a photograph's file beside its pixels.

    Attributes
    ----------
    exif : Exif
        Without the orientation, which is applied to the pixels.
    xmp : tuple of bytes
        Packets; a property counts where it comes first.
    iptc : bytes
        IPTC-IIM.
    resolution : Resolution or None
        As the format states it, or else EXIF.
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


def read(file: BinaryIO, page: int | None = None) -> Metadata:
    """Read what is kept of a photograph's file; no decoder takes part.

    Parameters
    ----------
    file : binary file
        JPEG, PNG, TIFF, WebP, GIF or BMP; any other holds nothing.
    page : int, optional
        Of a TIFF, from 0; by default the first one.

    Warns
    -----
    PhotographWarning
        If something is damaged. It is left out, or what follows it.
    """
    of_file = blocks.find(file, page)
    resolution = of_file.resolution or of_file.exif.resolution
    if of_file.exif.quarter_turned and resolution is not None:
        resolution = resolution.turned
    return Metadata(
        of_file.exif.upright(),
        tuple(of_file.xmp),
        of_file.iptc,
        resolution,
        tuple(of_file.texts),
        tuple(of_file.comments),
    )


def options(
    metadata: Metadata, kind: str, size: tuple[int, int], mark: Mark | None = None
) -> dict[str, Any]:
    """Give the arguments with which `Image.save` writes what is kept, and the mark.

    Parameters
    ----------
    metadata : Metadata
    kind : str
        The format: "JPEG", "PNG", "TIFF" or "WEBP". There are no arguments for a TIFF:
        `append_to_tiff` writes into one that is saved.
    size : (int, int)
        Width and height of the written image in px.
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
    """Write what is kept, and the mark, into a TIFF without any; see `options`."""
    described = _with_resolution(metadata.exif.of_size(*size), metadata)
    entries: Directory = {}
    if packet := _packet(metadata, "TIFF", mark):
        entries[exif.XMP] = Entry(BYTE, packet.to_bytes())
    if metadata.iptc:
        entries[exif.IPTC] = Entry(UNDEFINED, metadata.iptc)
    if described.main or described.parts or entries:
        exif.append_to_tiff(path, described, entries)


def _packet(metadata: Metadata, kind: str, mark: Mark | None) -> Packet | None:
    """XMP with the mark, and with what the format has no other place for; None if it is empty."""
    packet = Packet()
    for content in metadata.xmp:
        try:
            packet.add_missing(Packet(content))
        except ValueError as error:
            _warn(f"its XMP is left out: {error}")
    packet.remove_untrue()
    texts: dict[str, str] = {}
    if kind != "PNG":
        texts = {text.keyword: text.value for text in metadata.texts}
    if kind not in {"JPEG", "PNG"} and metadata.comments:
        texts["Comment"] = iptc.text(metadata.comments[0])
    stated = {_TEXTS[key]: _value(key, text) for key, text in texts.items() if key in _TEXTS}
    if kind == "WEBP":
        stated |= iptc.properties(metadata.iptc)
    for name, value in stated.items():
        if value and name not in packet:
            packet.state(name, value)
    if mark is not None:
        mark.add_to(packet)
    return packet or None


def _value(keyword: str, text: str) -> Value:
    """What a PNG's text says, as the value of an XMP property; empty if it has none."""
    name = _TEXTS[keyword]
    if name in _ALTERNATIVES:
        return {"x-default": text}
    if name == "dc:creator":
        return [text]
    if name == "xmp:CreateDate":
        try:
            return parsedate_to_datetime(text).isoformat()
        except ValueError:  # PNG recommends RFC 1123's form, but any will do
            return ""
    return text


def _with_resolution(described: Exif, metadata: Metadata) -> Exif:
    """EXIF that states the resolution, for formats that have no other place for it."""
    if described.resolution is not None or metadata.resolution is None:
        return described
    return described.with_resolution(metadata.resolution)


def _for_jpeg(metadata: Metadata, described: Exif, packet: Packet | None) -> dict[str, Any]:
    # Pillow has arguments for EXIF and XMP, but writes EXIF last, and Exif wants it first.
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
    """A segment of a JPEG that begins with a name, or several if the content is too long."""
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
    """A raw profile as ImageMagick writes it: 36 bytes a line."""
    digits = content.hex()
    lines = [digits[start : start + 72] for start in range(0, len(digits), 72)]
    return "\n".join(["", name, f"{len(content):8}", *lines, ""])


def _dpi(metadata: Metadata) -> dict[str, Any]:
    if metadata.resolution is None:
        return {}
    return {"dpi": (float(metadata.resolution.x), float(metadata.resolution.y))}


def _warn(message: str) -> None:
    warnings.warn(message, PhotographWarning, stacklevel=3)
