"""Read IPTC-IIM, and write it as one of Photoshop's image resources.

References
----------
IPTC-NAA Information Interchange Model 4.2; IPTC Photo Metadata Standard, "IIM to XMP mapping";
Adobe Photoshop File Formats Specification, "Image Resource Blocks".
"""

import struct
import warnings
from collections.abc import Iterator

from colorization.colorizing.xmp import Value
from colorization.core.errors import PhotographWarning

RESOURCE = 0x0404  # IPTC-IIM, among Photoshop's image resources
_SIGNATURE = b"8BIM"
_MARKER = 0x1C  # begins each dataset
MOST_DATASETS = 10_000
_UTF8 = b"\x1b%G"  # coded character set, ISO 2022
_CHARACTER_SET = (1, 90)
_LONG = 0x8000  # flag of an extended length; the other bits are the number of its bytes

# XMP properties of the texts of record 2, by dataset.
TEXTS = {
    10: "photoshop:Urgency",
    15: "photoshop:Category",
    40: "photoshop:Instructions",
    85: "photoshop:AuthorsPosition",
    90: "photoshop:City",
    92: "Iptc4xmpCore:Location",
    95: "photoshop:State",
    100: "Iptc4xmpCore:CountryCode",
    101: "photoshop:Country",
    103: "photoshop:TransmissionReference",
    105: "photoshop:Headline",
    110: "photoshop:Credit",
    115: "photoshop:Source",
    122: "photoshop:CaptionWriter",
}
ALTERNATIVES = {5: "dc:title", 116: "dc:rights", 120: "dc:description"}
LISTS = {20: "photoshop:SupplementalCategories", 25: "dc:subject", 80: "dc:creator"}
# "number:name" and "provider:number:name:...".
GENRE, SUBJECTS = 4, 12
# By the datasets of date and time.
DATES = {(55, 60): "photoshop:DateCreated", (62, 63): "xmp:CreateDate"}


def resources(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and content of each of Photoshop's image resources.

    Raises
    ------
    ValueError
        If one is damaged; those before it have been yielded.
    """
    at = 0
    while len(content) - at > 4 and content[at : at + 4] != bytes(4):  # padding in TIFFs
        if not content[at : at + 4].isalnum():
            raise ValueError("not an image resource")
        number, length_of_name = struct.unpack_from(">HB", content, at + 4)
        at += 6 + 1 + length_of_name + (1 + length_of_name) % 2
        (size,) = struct.unpack_from(">L", content, at)
        at += 4
        if size > len(content) - at:
            raise ValueError("a truncated image resource")
        yield number, content[at : at + size]
        at += size + size % 2


def as_resource(iptc: bytes) -> bytes:
    """Convert IPTC-IIM to one of Photoshop's image resources."""
    head = _SIGNATURE + struct.pack(">HHL", RESOURCE, 0, len(iptc))
    return head + iptc + bytes(len(iptc) % 2)


def datasets(iptc: bytes) -> dict[tuple[int, int], list[bytes]]:
    """Parse IPTC-IIM: values by record and dataset number, up to damage or padding.

    Warns
    -----
    PhotographWarning
        If it is damaged, or has more than `MOST_DATASETS`.
    """
    values: dict[tuple[int, int], list[bytes]] = {}
    at = count = 0
    while len(iptc) - at >= 5 and iptc[at] == _MARKER:
        record, number, size = struct.unpack_from(">BBH", iptc, at + 1)
        at += 5
        if size & _LONG:
            length = size - _LONG
            size = int.from_bytes(iptc[at : at + length])
            at += length
        if size > len(iptc) - at or count == MOST_DATASETS:
            warnings.warn(
                f"IPTC damaged or over {MOST_DATASETS:,} datasets; converted to XMP only in part",
                PhotographWarning,
                stacklevel=2,
            )
            break
        values.setdefault((record, number), []).append(iptc[at : at + size])
        at += size
        count += 1
    return values


def properties(iptc: bytes) -> dict[str, Value]:
    """Convert IPTC-IIM to XMP properties.

    Returns
    -------
    dict
        Values by property name, with its usual prefix.
    """
    values = datasets(iptc)
    is_utf8 = values.get(_CHARACTER_SET, [b""])[0] == _UTF8
    texts = {
        number: [text(value, "utf-8" if is_utf8 else None) for value in raw]
        for (record, number), raw in values.items()
        if record == 2
    }
    xmp: dict[str, Value] = {}
    for number, items in texts.items():
        if number in TEXTS:
            xmp[TEXTS[number]] = items[0]
        elif number in ALTERNATIVES:
            xmp[ALTERNATIVES[number]] = {"x-default": items[0]}
        elif number in LISTS:
            xmp[LISTS[number]] = items
    if GENRE in texts:
        xmp["Iptc4xmpCore:IntellectualGenre"] = texts[GENRE][0].partition(":")[2]
    if SUBJECTS in texts:
        codes = [item.split(":")[1:2] for item in texts[SUBJECTS]]
        xmp["Iptc4xmpCore:SubjectCode"] = [code for split in codes for code in split]
    for (day, time), name in DATES.items():
        if date := _date(texts.get(day, [""])[0], texts.get(time, [""])[0]):
            xmp[name] = date
    return xmp


def text(value: bytes, encoding: str | None = None) -> str:
    """Decode text of unspecified encoding: as UTF-8, else as Windows-1252."""
    try:
        return value.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _date(day: str, time: str) -> str:
    """An XMP date, from CCYYMMDD (00 for an unknown month or day) and HHMMSS±HHMM."""
    if len(day) != 8 or not day.isdigit():
        return ""
    parts = [part for part in (day[:4], day[4:6], day[6:]) if part.strip("0")]
    date = "-".join(parts)
    if len(parts) < 3 or len(time) not in {6, 11} or not time[:6].isdigit():
        return date
    zone = f"{time[6:9]}:{time[9:]}" if time[6:] else ""
    return f"{date}T{time[:2]}:{time[2:4]}:{time[4:6]}{zone}"
