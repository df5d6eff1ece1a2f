"""The mark in every written file: its colours are predicted, by this program and a named model.

The mark is XMP, which JPEG, PNG, TIFF and WebP can all carry. It leaves the photographer's EXIF
alone. It holds the digital source type of IPTC, and an event of the file's history.

References
----------
ISO 16684-1:2019, XMP; IPTC Photo Metadata Standard, "Digital Source Type"; Adobe, XMP
Specification Part 2, "ResourceEvent".
"""

from importlib import metadata
from typing import Any
from xml.sax.saxutils import escape

from PIL import PngImagePlugin

DISTRIBUTION = "colorization-pipeline"  # as pip knows it
# The picture is a photograph; its colours come from a model trained on other photographs.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
XMP_TAG = 700  # in TIFF; XMP Specification Part 3
XMP_KEYWORD = "XML:com.adobe.xmp"  # in PNG, likewise

_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">
   <dc:description><rdf:Alt>
    <rdf:li xml:lang="x-default">The colours are predicted, not what was there.</rdf:li>
   </rdf:Alt></dc:description>
   <Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
   <xmpMM:History><rdf:Seq><rdf:li rdf:parseType="Resource">
    <stEvt:action>colorized</stEvt:action>
    <stEvt:softwareAgent>{software}</stEvt:softwareAgent>
    <stEvt:parameters>{parameters}</stEvt:parameters>
   </rdf:li></rdf:Seq></xmpMM:History>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def software() -> str:
    """Name this program and its version."""
    return f"colorize {metadata.version(DISTRIBUTION)}"


def mark(model: str, vividness: float | None, saturation: float) -> bytes:
    """Write the XMP of a colorized photograph.

    Parameters
    ----------
    model : str
        The sha256 of the package's manifest, which lists the sha256 of each file.
    vividness : float or None
        None for a model without a dial.
    saturation : float

    Returns
    -------
    bytes
        UTF-8. It holds no time, so that the same photograph gives the same file.
    """
    turned = "" if vividness is None else f"; vividness {vividness:g}"
    parameters = f"model sha256 {model}{turned}; saturation {saturation:g}"
    return _PACKET.format(
        source_type=SOURCE_TYPE, software=escape(software()), parameters=escape(parameters)
    ).encode()


def options(kind: str, xmp: bytes) -> dict[str, Any]:
    """Give the arguments with which `Image.save` writes XMP in a format; none for empty XMP."""
    if not xmp:
        return {}
    if kind == "TIFF":
        return {"tiffinfo": {XMP_TAG: xmp}}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt(XMP_KEYWORD, xmp.decode())
        return {"pnginfo": text}
    return {"xmp": xmp}
