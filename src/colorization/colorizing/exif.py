"""Read, change and write the EXIF of a photograph.

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
IFDS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
XMP, IPTC, PHOTOSHOP = 700, 33723, 34377  # in a TIFF

# Tags from NewSubfileType to those of TIFF/EP describe how pixels are stored, except for these,
# which describe the picture, the program or the device.
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
_EXCLUDED = {
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
# They describe the file's layout and encoding, which are new.
_EXCLUDED_FROM_EXIF = {Tags.ExifInteroperabilityOffset, Tags.CompressedBitsPerPixel, Tags.Gamma}

SRGB = 1
SIZE_OF_FIELD = 12  # bytes
MOST_NAMED = 5  # tags, in a warning
LARGEST_DPI = 65_535  # JFIF 1.02: 16 bits
# MakerNote can keep its offset in a JPEG, a PNG or a WebP; in a TIFF, offsets reach gigabytes.
FURTHEST = 1 << 16
_INTEGERS = {BYTE: "B", SHORT: "H", LONG: "L"}
_INCHES = {2: Fraction(1), 3: Fraction(100, 254)}  # by ResolutionUnit: inch, centimeter


@dataclass(frozen=True)
class Resolution:
    """Pixels per inch."""

    x: Fraction
    y: Fraction

    @classmethod
    def of(cls, x: Fraction, y: Fraction) -> "Resolution | None":
        """Return a resolution; None if it is implausible."""
        return cls(x, y) if all(1 <= side <= LARGEST_DPI for side in (x, y)) else None

    @property
    def swapped(self) -> "Resolution":
        """The resolution after a rotation by 90 degrees."""
        return Resolution(self.y, self.x)


@dataclass(frozen=True)
class Exif:
    """The entries that are kept, with their types, as bytes.

    Attributes
    ----------
    order : {"<", ">"}
        Byte order.
    main : Directory
        IFD0: the picture, its author and its rights.
    ifds : dict of Directory
        The Exif and GPS IFDs, by their tags in `IFDS`.
    """

    order: str = "<"
    main: Directory = field(default_factory=dict)
    ifds: Mapping[int, Directory] = field(default_factory=dict)

    @property
    def resolution(self) -> Resolution | None:
        """From XResolution, YResolution and ResolutionUnit, if present."""
        unit = _INCHES.get(self._integer(Tags.ResolutionUnit) or 2)
        sides = [self._fraction(Tags.XResolution), self._fraction(Tags.YResolution)]
        x, y = (unit and side and side / unit for side in sides)
        return Resolution.of(x, y) if x and y else None

    @property
    def swaps_sides(self) -> bool:
        """Whether the orientation swaps width and height."""
        return self._integer(Tags.Orientation) in range(5, 9)

    def with_resolution(self, resolution: Resolution) -> "Exif":
        """Set the resolution."""
        x, y = (_rational(self.order, side) for side in (resolution.x, resolution.y))
        unit = Entry(SHORT, struct.pack(f"{self.order}H", 2))
        entries = {Tags.XResolution: x, Tags.YResolution: y, Tags.ResolutionUnit: unit}
        return replace(self, main=self.main | entries)

    def upright(self) -> "Exif":
        """Remove the orientation, which is applied to the pixels."""
        main = {tag: entry for tag, entry in self.main.items() if tag != Tags.Orientation}
        if self.swaps_sides and {Tags.XResolution, Tags.YResolution} <= main.keys():
            x, y = main[Tags.XResolution], main[Tags.YResolution]
            main |= {Tags.XResolution: y, Tags.YResolution: x}
        return replace(self, main=main)

    def of_size(self, width: int, height: int) -> "Exif":
        """Update color space and size (px), where present, to an sRGB image."""
        updated: dict[int, Entry] = {
            Tags.ColorSpace: Entry(SHORT, struct.pack(f"{self.order}H", SRGB)),
            Tags.ExifImageWidth: Entry(LONG, struct.pack(f"{self.order}L", width)),
            Tags.ExifImageHeight: Entry(LONG, struct.pack(f"{self.order}L", height)),
        }
        ifds = {
            ifd: {tag: updated.get(tag, entry) for tag, entry in entries.items()}
            for ifd, entries in self.ifds.items()
        }
        return replace(self, ifds=ifds)

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
    """Read the entries that are kept.

    Parameters
    ----------
    tiff : Tiff
    fields : dict
        Fields of one of its directories.

    Returns
    -------
    Exif
        With the orientation; without damaged values.
    """
    main = {
        tag: field
        for tag, field in fields.items()
        if tag not in {*_EXCLUDED, *IFDS}
        and (tag not in _OF_PIXELS or tag in {*_DESCRIPTIVE, Tags.Orientation})
    }
    ifds = {}
    for ifd in IFDS:
        below = tiff.below(fields[ifd]) if ifd in fields else {}
        excluded = _EXCLUDED_FROM_EXIF if ifd == ExifTags.IFD.Exif else set()
        ifds[ifd] = tiff.read({tag: below[tag] for tag in below if tag not in excluded})
    return Exif(tiff.order, tiff.read(main), {tag: ifd for tag, ifd in ifds.items() if ifd})


def read_block(content: bytes) -> Exif:
    """Read a block of EXIF of a JPEG, PNG or WebP; see `read`.

    Raises
    ------
    ValueError
        If it is not EXIF.
    """
    tiff = Tiff(io.BytesIO(content))
    exif = read(tiff, tiff.first())
    warn_if_damaged(tiff)
    return exif


def warn_if_damaged(tiff: Tiff) -> None:
    """Warn if values of a TIFF or of EXIF could not be read."""
    if tiff.damaged:
        warnings.warn(
            f"EXIF values dropped: damaged, or more than {MOST_BYTES >> 20} MiB",
            PhotographWarning,
            stacklevel=3,
        )


def block(exif: Exif, longest: int | None = None) -> bytes:
    """Write a block of EXIF; empty if there are no entries.

    Parameters
    ----------
    exif : Exif
    longest : int, optional
        Limit in bytes. The longest values, mostly MakerNote, are dropped until the block fits,
        with a warning that names them.
    """
    content = _block(exif)
    if longest is None or len(content) <= longest:
        return content
    too_much = len(content) - longest
    excluded, names = set(), []
    for ifd, tag, entry in sorted(_entries(exif), key=lambda item: -len(item[2].value)):
        if too_much <= 0:
            break
        # Values of up to 4 bytes are stored within their fields.
        too_much -= SIZE_OF_FIELD + (len(entry.value) if len(entry.value) > 4 else 0)
        excluded.add((ifd, tag))
        tag_names = ExifTags.GPSTAGS if ifd == ExifTags.IFD.GPSInfo else ExifTags.TAGS
        names.append(tag_names.get(tag, f"{tag:#06x}"))
    more = f" and {len(excluded) - MOST_NAMED} more" if len(excluded) > MOST_NAMED else ""
    warnings.warn(
        f"EXIF exceeds the {longest:,} bytes of a JPEG; "
        f"dropped: {', '.join(names[:MOST_NAMED])}{more}",
        PhotographWarning,
        stacklevel=2,
    )
    return _block(_without(exif, excluded))


def append_to_tiff(path: Path, exif: Exif, blocks: Directory) -> None:
    """Write EXIF and further entries into the first directory of a TIFF.

    The directory is rewritten at the end of the file, since Pillow cannot write IFDs into a
    compressed TIFF, and libtiff supports only one type per tag.

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
        for tag in (Tags.XResolution, Tags.YResolution, Tags.ResolutionUnit):
            layout.pop(tag, None)  # tifffile writes a placeholder
        start = file.seek(0, io.SEEK_END)

        def converted(directory: Directory) -> Directory:
            return {
                tag: in_order(entry, exif.order, tiff.order) for tag, entry in directory.items()
            }

        main = converted(exif.main) | blocks | layout
        ifds = {tag: converted(ifd) for tag, ifd in exif.ifds.items()}
        content, first = lay_out(tiff.order, main, ifds, start)
        file.write(content)
        file.seek(4)
        file.write(struct.pack(f"{tiff.order}L", first))


def _block(exif: Exif) -> bytes:
    if not exif.main and not exif.ifds:
        return b""
    notes = exif.ifds.get(ExifTags.IFD.Exif, {}).get(Tags.MakerNote)
    # MakerNote contains offsets from the beginning of the block.
    reserved = notes if notes is not None and HEAD <= notes.offset < FURTHEST else None
    content, first = lay_out(exif.order, exif.main, exif.ifds, HEAD, reserved)
    head = b"II" if exif.order == "<" else b"MM"
    return head + struct.pack(f"{exif.order}HL", 42, first) + content


def _entries(exif: Exif) -> list[tuple[int | None, int, Entry]]:
    main = [(None, tag, entry) for tag, entry in exif.main.items()]
    return main + [(ifd, tag, entry) for ifd in exif.ifds for tag, entry in exif.ifds[ifd].items()]


def _without(exif: Exif, excluded: set[tuple[int | None, int]]) -> Exif:
    kept = [item for item in _entries(exif) if item[:2] not in excluded]
    main = {tag: entry for ifd, tag, entry in kept if ifd is None}
    ifds = {key: {tag: entry for ifd, tag, entry in kept if ifd == key} for key in exif.ifds}
    return replace(exif, main=main, ifds={tag: ifd for tag, ifd in ifds.items() if ifd})


def _rational(order: str, number: Fraction) -> Entry:
    rounded = number.limit_denominator(10_000)
    return Entry(RATIONAL, struct.pack(f"{order}LL", rounded.numerator, rounded.denominator))
