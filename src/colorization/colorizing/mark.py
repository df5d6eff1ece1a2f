"""The mark in every written file: its colors are predicted, by this program and a named model.

The mark is XMP, which JPEG, PNG, TIFF and WebP can all carry. It stands beside what the
photographer wrote, in two properties made for it: IPTC's digital source type, and an event of the
file's history.

References
----------
ISO 16684-1:2019, XMP; IPTC Photo Metadata Standard, "Digital Source Type"; Adobe, XMP
Specification Part 2, "ResourceEvent".
"""

from dataclasses import dataclass
from importlib import metadata

from colorization.colorizing.xmp import Packet

DISTRIBUTION = "colorization-pipeline"  # as pip knows it
# The picture is a photograph; its colors come from a model trained on other photographs.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True)
class Mark:
    """What is said of the colors.

    Attributes
    ----------
    software : str
    parameters : str
        The model, and how it was used. It holds no time, so that the same photograph gives the same
        file.
    """

    software: str
    parameters: str

    def add_to(self, packet: Packet) -> None:
        """Say it in a packet of XMP, whose history goes on."""
        packet.remove("Iptc4xmpExt:DigitalSourceType")
        packet.state("Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE)
        event = {
            "stEvt:action": "colorized",
            "stEvt:softwareAgent": self.software,
            "stEvt:parameters": self.parameters,
        }
        packet.append("xmpMM:History", event)


def software() -> str:
    """Name this program and its version."""
    return f"colorize {metadata.version(DISTRIBUTION)}"


def mark(model: str, vividness: float | None, saturation: float) -> Mark:
    """Give the mark of a colorized photograph.

    Parameters
    ----------
    model : str
        The sha256 of the package's manifest, which lists the sha256 of each file.
    vividness : float or None
        None for a model without a dial.
    saturation : float
    """
    turned = "" if vividness is None else f"; vividness {vividness:g}"
    return Mark(software(), f"model sha256 {model}{turned}; saturation {saturation:g}")
