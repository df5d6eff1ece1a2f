"""Read, change and write untrusted packets of XMP.

References
----------
ISO 16684-1:2019, XMP; Adobe, XMP Specification Part 3, section 1.1.3, on packets in a JPEG.
"""

import copy
import hashlib
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

Value = str | list[str] | dict[str, str]  # of a property: a text, a list, or texts by language

NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "x": "adobe:ns:meta/",
    "xml": "http://www.w3.org/XML/1998/namespace",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
}
# Properties of the original pixels or file.
OUTDATED = (
    *("tiff:ImageWidth", "tiff:ImageLength", "tiff:BitsPerSample", "tiff:Compression"),
    *("tiff:PhotometricInterpretation", "tiff:Orientation", "tiff:SamplesPerPixel"),
    *("tiff:PlanarConfiguration", "tiff:YCbCrSubSampling", "tiff:YCbCrPositioning"),
    *("tiff:TransferFunction", "tiff:WhitePoint", "tiff:PrimaryChromaticities"),
    *("tiff:YCbCrCoefficients", "tiff:ReferenceBlackWhite", "tiff:NativeDigest"),
    *("exif:ColorSpace", "exif:CompressedBitsPerPixel", "exif:Gamma", "exif:NativeDigest"),
    *("exif:PixelXDimension", "exif:PixelYDimension"),
    *("photoshop:ColorMode", "photoshop:ICCProfile", "photoshop:LegacyIPTCDigest"),
    *("dc:format", "xmp:Thumbnails", "xmpMM:InstanceID", "xmpNote:HasExtendedXMP"),
    *("GCamera:MicroVideo", "GCamera:MicroVideoOffset", "GCamera:MicroVideoVersion"),
    *("GCamera:MicroVideoPresentationTimestampUs", "GCamera:MotionPhoto"),
    *("GCamera:MotionPhotoVersion", "GCamera:MotionPhotoPresentationTimestampUs"),
)
# Properties of gain maps and appended files, which are not written.
OUTDATED_NAMESPACES = (
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.google.com/photos/1.0/container/",
)

MOST_BYTES = 1 << 24
MOST_ELEMENTS = 100_000
DEEPEST = 100  # nested elements; functions that write them are recursive
_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = '\n<?xpacket end="r"?>'
_PADDING = b"\0 \t\r\n"
_SYNTAX = tuple(f"{{{NAMESPACES[prefix]}}}" for prefix in ("rdf", "xml"))
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def full(name: str) -> str:
    """Convert a name such as "dc:title" to ElementTree's notation, with its namespace."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


RDF, DESCRIPTION, ABOUT, LI = (
    full(f"rdf:{name}") for name in ("RDF", "Description", "about", "li")
)
ARRAYS = {full("rdf:Seq"), full("rdf:Bag"), full("rdf:Alt")}
EXTENDED = "xmpNote:HasExtendedXMP"


class Packet:
    """The properties of a photograph.

    Parameters
    ----------
    content : bytes, optional
        A packet. Default: no properties.

    Raises
    ------
    ValueError
        If it is damaged, exceeds `MOST_BYTES`, `MOST_ELEMENTS` or `DEEPEST`, or declares a document
        type, which XMP forbids, and whose entities can expand to gigabytes.
    """

    def __init__(self, content: bytes | None = None) -> None:
        self._properties = Element(DESCRIPTION, {ABOUT: ""})
        self._prefixes: dict[str, str] = {}  # by namespace
        if content is None:
            return
        root, self._prefixes = _parsed(content)
        rdf = next(root.iter(RDF), None)
        if rdf is None:
            raise ValueError("no RDF")
        # Properties may be divided among several elements, or be attributes; here, all become
        # child elements of one.
        for description in rdf.iterfind(DESCRIPTION):
            for name, value in description.attrib.items():
                if name in {ABOUT, "about"}:
                    self._properties.attrib[ABOUT] = value
                elif name.startswith("{") and not name.startswith(_SYNTAX):
                    ElementTree.SubElement(self._properties, name).text = value
            self._properties.extend(description)

    def __bool__(self) -> bool:
        """Whether there are properties."""
        return len(self._properties) > 0

    def __contains__(self, name: str) -> bool:
        """Whether there is a property, named with a prefix of `NAMESPACES`."""
        return self._properties.find(full(name)) is not None

    def remove(self, name: str) -> None:
        """Remove a property, if present."""
        for element in self._properties.findall(full(name)):
            self._properties.remove(element)

    def remove_outdated(self) -> None:
        """Remove the properties of the original pixels and file."""
        for name in OUTDATED:
            self.remove(name)
        for element in [*self._properties]:
            if element.tag[1:].startswith(OUTDATED_NAMESPACES):
                self._properties.remove(element)

    def set(self, name: str, value: Value) -> None:
        """Add a property that is not present."""
        element = ElementTree.SubElement(self._properties, full(name))
        if isinstance(value, str):
            element.text = _legal(value)
        elif isinstance(value, list):
            kind = "rdf:Seq" if name == "dc:creator" else "rdf:Bag"
            array = ElementTree.SubElement(element, full(kind))
            for item in value:
                ElementTree.SubElement(array, LI).text = _legal(item)
        else:
            array = ElementTree.SubElement(element, full("rdf:Alt"))
            for language, item in value.items():
                li = ElementTree.SubElement(array, LI, {full("xml:lang"): language})
                li.text = _legal(item)

    def append(self, name: str, structure: dict[str, str]) -> None:
        """Append a structure to an ordered array, which is created if missing."""
        element = self._properties.find(full(name))
        if element is None:
            element = ElementTree.SubElement(self._properties, full(name))
        array = next((child for child in element if child.tag in ARRAYS), None)
        if array is None:
            array = ElementTree.SubElement(element, full("rdf:Seq"))
        li = ElementTree.SubElement(array, LI, {full("rdf:parseType"): "Resource"})
        for field, value in structure.items():
            ElementTree.SubElement(li, full(field)).text = _legal(value)

    def add_missing(self, other: "Packet") -> None:
        """Add the properties of another packet that this one lacks."""
        if not self._properties.attrib[ABOUT]:
            self._properties.attrib[ABOUT] = other._properties.attrib[ABOUT]
        present = {element.tag for element in self._properties}
        missing = [element for element in other._properties if element.tag not in present]
        self._properties.extend(missing)
        self._prefixes = other._prefixes | self._prefixes

    def to_bytes(self) -> bytes:
        """Serialize the packet in UTF-8."""
        return f"{_HEAD}{self._written()}{_TAIL}".encode()

    def to_two(self, longest: int) -> tuple[bytes, bytes]:
        """Serialize to a packet of limited size and an extended packet with the rest.

        Parameters
        ----------
        longest : int
            Limit of the first packet, bytes.

        Returns
        -------
        main : bytes
            It contains the MD5 of the extended packet.
        extended : bytes
            The longest properties; empty if everything fits.
        """
        content = self.to_bytes()
        if len(content) <= longest:
            return content, b""
        main, extended = copy.deepcopy(self), Packet()
        extended._prefixes = self._prefixes
        main.set(EXTENDED, "0" * 32)  # as long as the MD5
        too_much = len(main.to_bytes()) - longest
        for size, element in sorted(_sizes(main._properties), key=lambda sized: -sized[0]):
            if too_much <= 0:
                break
            main._properties.remove(element)
            extended._properties.append(element)
            too_much -= size
        rest = extended._written().encode()
        main.remove(EXTENDED)
        main.set(EXTENDED, md5_of(rest).decode())
        return main.to_bytes(), rest

    def _written(self) -> str:
        """The properties as XML, with their original prefixes, else those of `NAMESPACES`."""
        root = Element(full("x:xmpmeta"))
        ElementTree.SubElement(root, RDF).append(copy.deepcopy(self._properties))
        prefixes = _Prefixes(self._prefixes)
        for element in root.iter():
            element.tag = prefixes.short(element.tag)
            element.attrib = {prefixes.short(name): text for name, text in element.attrib.items()}
        root.attrib |= prefixes.declarations()
        # Parsers normalize a literal carriage return, so it must be a character reference.
        return ElementTree.tostring(root, "unicode").replace("\r", "&#13;")


class _Prefixes:
    """The namespace prefixes of a document."""

    def __init__(self, preferred: dict[str, str]) -> None:
        self._preferred = {uri: prefix for prefix, uri in NAMESPACES.items()} | preferred
        self._assigned = {NAMESPACES["xml"]: "xml"}
        self._used = {"xml"}

    def short(self, name: str) -> str:
        """Convert ElementTree's notation of a name to XML, assigning a prefix if necessary."""
        if not name.startswith("{"):
            return name
        uri, _, local = name[1:].partition("}")
        if uri not in self._assigned:
            preferred = prefix = self._preferred.get(uri, "ns")
            number = len(self._assigned)
            while prefix in self._used:
                prefix = f"{preferred}{number}"
                number += 1
            self._assigned[uri] = prefix
            self._used.add(prefix)
        return f"{self._assigned[uri]}:{local}"

    def declarations(self) -> dict[str, str]:
        """The attributes that declare the prefixes."""
        return {f"xmlns:{prefix}": uri for uri, prefix in self._assigned.items() if prefix != "xml"}


def md5_of(extended: bytes) -> bytes:
    """The MD5 of an extended packet, its identifier in the main packet."""
    return hashlib.md5(extended, usedforsecurity=False).hexdigest().upper().encode()


class _Builder(ElementTree.TreeBuilder):
    """Build a tree of limited depth and size, and collect its namespace prefixes."""

    def __init__(self) -> None:
        super().__init__()
        self.prefixes: dict[str, str] = {}  # by namespace
        self._depth = self._count = 0

    def start(self, tag: str, attributes: dict) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST:
            raise ValueError(f"elements are nested more than {DEEPEST} deep")
        if self._count > MOST_ELEMENTS:
            raise ValueError(f"more than {MOST_ELEMENTS:,} elements")
        return super().start(tag, attributes)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag)

    def start_ns(self, prefix: str, uri: str) -> None:
        if prefix:
            self.prefixes.setdefault(uri, prefix)

    def doctype(self, *_: str | None) -> None:
        raise ValueError("a document type declaration")


def _parsed(content: bytes) -> tuple[Element, dict[str, str]]:
    if len(content) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES >> 20} MiB")
    builder = _Builder()
    parser = ElementTree.XMLParser(target=builder)  # noqa: S314 (see _Builder)
    try:
        parser.feed(content.strip(_PADDING))
        return parser.close(), builder.prefixes
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: unknown encoding
        raise ValueError(str(error)) from error


def _sizes(properties: Element) -> list[tuple[int, Element]]:
    """The properties, each with a lower bound of its serialized size in bytes."""
    return [
        (sum(len(text.encode()) for text in element.itertext()), element) for element in properties
    ]


def _legal(text: str) -> str:
    """Remove characters that are illegal in XML."""
    return _ILLEGAL.sub("", text)
