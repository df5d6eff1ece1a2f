"""Keep the EXIF of a photograph: who took it, with what, when and where.

References
----------
CIPA DC-008, Exif 2.32; TIFF 6.0.
"""

import io
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from PIL import ExifTags

from colorization.colorizing.tiff_directories import (
    BYTE,
    HEAD,
    LONG,
    MOST_BYTES,
    RATIONAL,
    SHORT,
    Directory,
    Entry,
    Tiff,
    in_order,
    lay_out,
)
from colorization.core.errors import PhotographWarning

Tags = ExifTags.Base
PARTS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
XMP, IPTC, PHOTOSHOP = 700, 33723, 34377  # in a TIFF

# From NewSubfileType to TIFF/EP's tags, directories describe how their pixels are stored. These
# describe what is seen, or the program and the device that made it.
_OF_PIXELS = range(254, 700)
_DESCRIPTIVE = {
    Tags.DocumentName,
    Tags.ImageDescription,
    Tags.Make,
    Tags.Model,
    Tags.XResolution,
    Tags.YResolution,
    Tags.PageName,
    *(286, 287),  # XPosition, YPosition
    Tags.ResolutionUnit,
    Tags.Software,
    Tags.DateTime,
    Tags.Artist,
    Tags.HostComputer,
}
_LEFT_OUT = {
    XMP,
    IPTC,
    PHOTOSHOP,
    *range(32995, 32999),  # SGI's layout of pixels
    *(Tags.CFARepeatPatternDim, Tags.CFAPattern),
    *range(34016, 34037),  # TIFF/IT's layout
    Tags.InterColorProfile,
    34750,  # JBIGOptions
    37724,  # ImageSourceData: Photoshop's layers
    50674,  # LercParameters
    *range(50706, 51178),  # DNG: what a raw file needs to be developed
    59932,  # Padding
}
# Interoperability names the layout of the file. The others tell of the encoding, which is new.
_LEFT_OUT_OF_EXIF = {Tags.ExifInteroperabilityOffset, Tags.CompressedBitsPerPixel, Tags.Gamma}

SRGB = 1
SIZE_OF_FIELD = 12  # bytes
MOST_NAMED = 5  # tags, in a warning
LONGEST = (
    65_533 - 6
)  # bytes in a JPEG: a segment's length has 16 bits, and its name is "Exif\\0\\0"
LARGEST_DPI = 65_535  # JFIF 1.02: 16 bits
# A maker's notes can stay where they are in a JPEG, a PNG or a WebP. In a TIFF they may have been
# anywhere in a file of gigabytes.
FURTHEST = 1 << 16
_INTEGERS = {BYTE: "B", SHORT: "H", LONG: "L"}
_INCHES = {2: Fraction(1), 3: Fraction(100, 254)}  # of ResolutionUnit: an inch and a centimeter


@dataclass(frozen=True)
class Resolution:
    """How densely the pixels of a photograph lie, in px per inch."""

    x: Fraction
    y: Fraction

    @classmethod
    def of(cls, x: Fraction, y: Fraction) -> "Resolution | None":
        """Give a resolution; None if no person could mean it."""
        return cls(x, y) if all(1 <= side <= LARGEST_DPI for side in (x, y)) else None

    @property
    def turned(self) -> "Resolution":
        """That of the photograph after a quarter turn."""
        return Resolution(self.y, self.x)


@dataclass(frozen=True)
class Exif:
    """The entries that are kept, as bytes of their types.

    Attributes
    ----------
    order : str
        Of the bytes in numbers: "<" or ">".
    main : Directory
        IFD0: of the picture, its author and its rights.
    parts : dict of Directory
        Of the exposure and of the place, by the tags in `PARTS`.
    """

    order: str = "<"
    main: Directory = field(default_factory=dict)
    parts: Mapping[int, Directory] = field(default_factory=dict)

    @property
    def resolution(self) -> Resolution | None:
        """What XResolution, YResolution and ResolutionUnit say, if they do."""
        unit = _INCHES.get(self._integer(Tags.ResolutionUnit) or 2)
        sides = [self._fraction(Tags.XResolution), self._fraction(Tags.YResolution)]
        x, y = (unit and side and side / unit for side in sides)
        return Resolution.of(x, y) if x and y else None

    @property
    def quarter_turned(self) -> bool:
        """Whether the orientation swaps width and height."""
        return self._integer(Tags.Orientation) in range(5, 9)

    def with_resolution(self, resolution: Resolution) -> "Exif":
        """State a resolution."""
        x, y = (_rational(self.order, side) for side in (resolution.x, resolution.y))
        unit = Entry(SHORT, struct.pack(f"{self.order}H", 2))
        stated = {Tags.XResolution: x, Tags.YResolution: y, Tags.ResolutionUnit: unit}
        return replace(self, main=self.main | stated)

    def upright(self) -> "Exif":
        """Describe the photograph after its orientation was applied."""
        main = {tag: entry for tag, entry in self.main.items() if tag != Tags.Orientation}
        if self.quarter_turned and {Tags.XResolution, Tags.YResolution} <= main.keys():
            x, y = main[Tags.XResolution], main[Tags.YResolution]
            main |= {Tags.XResolution: y, Tags.YResolution: x}
        return replace(self, main=main)

    def of_size(self, width: int, height: int) -> "Exif":
        """Describe an sRGB image of a size in px, where color space and size are stated."""
        stated: dict[int, Entry] = {
            Tags.ColorSpace: Entry(SHORT, struct.pack(f"{self.order}H", SRGB)),
            Tags.ExifImageWidth: Entry(LONG, struct.pack(f"{self.order}L", width)),
            Tags.ExifImageHeight: Entry(LONG, struct.pack(f"{self.order}L", height)),
        }
        parts = {
            part: {tag: stated.get(tag, entry) for tag, entry in entries.items()}
            for part, entries in self.parts.items()
        }
        return replace(self, parts=parts)

    def _integer(self, tag: int) -> int:
        entry = self.main.get(tag)
        if entry is None or entry.type not in _INTEGERS:
            return 0
        (number,) = struct.unpack_from(self.order + _INTEGERS[entry.type], entry.value)
        return int(number)

    def _fraction(self, tag: int) -> Fraction | None:
        entry = self.main.get(tag)
        if entry is None or entry.type != RATIONAL:
            return None
        numerator, denominator = struct.unpack_from(f"{self.order}LL", entry.value)
        return Fraction(numerator, denominator) if denominator else None


def read(tiff: Tiff, fields: Mapping) -> Exif:
    """Read what is kept of EXIF.

    Parameters
    ----------
    tiff : Tiff
    fields : dict
        Of one of its directories.

    Returns
    -------
    Exif
        Without damaged values. The orientation is among the entries.
    """
    main = {
        tag: field
        for tag, field in fields.items()
        if tag not in {*_LEFT_OUT, *PARTS}
        and (tag not in _OF_PIXELS or tag in {*_DESCRIPTIVE, Tags.Orientation})
    }
    parts = {}
    for part in PARTS:
        below = tiff.below(fields[part]) if part in fields else {}
        excluded = _LEFT_OUT_OF_EXIF if part == ExifTags.IFD.Exif else set()
        parts[part] = tiff.read({tag: below[tag] for tag in below if tag not in excluded})
    return Exif(tiff.order, tiff.read(main), {tag: part for tag, part in parts.items() if part})


def read_block(content: bytes) -> Exif:
    """Read what is kept of a block of EXIF, as JPEG, PNG and WebP hold it; see `read`.

    Raises
    ------
    ValueError
        If it is none.
    """
    tiff = Tiff(io.BytesIO(content))
    kept = read(tiff, tiff.first())
    warn_if_damaged(tiff)
    return kept


def warn_if_damaged(tiff: Tiff) -> None:
    """Warn if values of a TIFF or of EXIF could not be read."""
    if tiff.damaged:
        warnings.warn(
            "values of its EXIF are left out: they are damaged, or more than "
            f"{MOST_BYTES >> 20} MiB",
            PhotographWarning,
            stacklevel=3,
        )


def block(exif: Exif, longest: int | None = None) -> bytes:
    """Write a block of EXIF; it is empty if there are no entries.

    Parameters
    ----------
    exif : Exif
    longest : int, optional
        Bytes. If it had more, the longest values are left out, with a warning that names them;
        these are mostly a maker's notes.
    """
    content = _block(exif)
    if longest is None or len(content) <= longest:
        return content
    too_much = len(content) - longest
    excluded, names = set(), []
    for part, tag, entry in sorted(_entries(exif), key=lambda kept: -len(kept[2].value)):
        if too_much <= 0:
            break
        # A value of up to 4 bytes stands within its field.
        too_much -= SIZE_OF_FIELD + (len(entry.value) if len(entry.value) > 4 else 0)
        excluded.add((part, tag))
        of_part = ExifTags.GPSTAGS if part == ExifTags.IFD.GPSInfo else ExifTags.TAGS
        names.append(of_part.get(tag, f"{tag:#06x}"))
    more = f" and {len(excluded) - MOST_NAMED} more" if len(excluded) > MOST_NAMED else ""
    warnings.warn(
        f"EXIF of more than {longest:,} bytes fits into no JPEG; "
        f"left out: {', '.join(names[:MOST_NAMED])}{more}",
        PhotographWarning,
        stacklevel=2,
    )
    return _block(_without(exif, excluded))


def append_to_tiff(path: Path, exif: Exif, blocks: Directory) -> None:
    """Write EXIF and further entries into the first directory of a TIFF.

    The directory is written anew at the end of the file: Pillow writes no EXIF parts into a
    compressed TIFF, and libtiff allows each tag a single type.

    Parameters
    ----------
    path : Path
        A classic TIFF without EXIF.
    exif : Exif
    blocks : Directory
    """
    with path.open("r+b") as file:
        tiff = Tiff(file)
        layout = tiff.read(tiff.first())
        start = file.seek(0, io.SEEK_END)

        def converted(directory: Directory) -> Directory:
            return {
                tag: in_order(entry, exif.order, tiff.order) for tag, entry in directory.items()
            }

        main = converted(exif.main) | blocks | layout
        parts = {tag: converted(part) for tag, part in exif.parts.items()}
        content, first = lay_out(tiff.order, main, parts, start)
        file.write(content)
        file.seek(4)
        file.write(struct.pack(f"{tiff.order}L", first))


def _block(exif: Exif) -> bytes:
    if not exif.main and not exif.parts:
        return b""
    notes = exif.parts.get(ExifTags.IFD.Exif, {}).get(Tags.MakerNote)
    # Makers write offsets from the beginning of the block into their notes.
    stays = notes if notes is not None and HEAD <= notes.place < FURTHEST else None
    content, first = lay_out(exif.order, exif.main, exif.parts, HEAD, stays)
    head = b"II" if exif.order == "<" else b"MM"
    return head + struct.pack(f"{exif.order}HL", 42, first) + content


def _entries(exif: Exif) -> list[tuple[int | None, int, Entry]]:
    main = [(None, tag, entry) for tag, entry in exif.main.items()]
    return main + [
        (part, tag, entry) for part in exif.parts for tag, entry in exif.parts[part].items()
    ]


def _without(exif: Exif, excluded: set[tuple[int | None, int]]) -> Exif:
    kept = [entry for entry in _entries(exif) if entry[:2] not in excluded]
    main = {tag: entry for part, tag, entry in kept if part is None}
    parts = {part: {tag: entry for of, tag, entry in kept if of == part} for part in exif.parts}
    return replace(exif, main=main, parts={tag: part for tag, part in parts.items() if part})


def _rational(order: str, number: Fraction) -> Entry:
    near = number.limit_denominator(10_000)
    return Entry(RATIONAL, struct.pack(f"{order}LL", near.numerator, near.denominator))
