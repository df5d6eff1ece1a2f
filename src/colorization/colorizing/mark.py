"""Mark every written file: its colors are predicted, by this program and a given model.

The mark is XMP, which JPEG, PNG, TIFF and WebP support: IPTC's digital source type and an event of
the file's history. The photographer's own properties are kept.

References
----------
ISO 16684-1:2019, XMP; IPTC Photo Metadata Standard, "Digital Source Type"; Adobe, XMP
Specification Part 2, "ResourceEvent".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from colorization.colorizing.hints import Hint
from colorization.colorizing.xmp import Packet

DISTRIBUTION = "colorization-pipeline"  # on PyPI
# A photograph combined with the output of a trained model.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True)
class Mark:
    """The provenance of predicted colors.

    Attributes
    ----------
    software : str
    parameters : str
        The model, its settings and the hints that it was given; no time, so that results are
        reproducible.
    """

    software: str
    parameters: str

    def add_to(self, packet: Packet) -> None:
        """Add the mark to an XMP packet, and append to its history."""
        packet.remove("Iptc4xmpExt:DigitalSourceType")
        packet.set("Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE)
        event = {
            "stEvt:action": "colorized",
            "stEvt:softwareAgent": self.software,
            "stEvt:parameters": self.parameters,
        }
        packet.append("xmpMM:History", event)


def software() -> str:
    """Return this program's name and version."""
    return f"colorize {metadata.version(DISTRIBUTION)}"


def mark(
    model: str, vividness: float | None, saturation: float, hints: Sequence[Hint] = ()
) -> Mark:
    """Build the mark of a colorized photograph.

    Parameters
    ----------
    model : str
        The sha256 of the package's manifest, which lists the sha256 of each file.
    vividness : float or None
        None for a model without one.
    saturation : float
    hints : sequence of Hint
    """
    parameters = [f"model sha256 {model}"]
    if vividness is not None:
        parameters.append(f"vividness {vividness:g}")
    parameters.append(f"saturation {saturation:g}")
    parameters += [f"hint {hint}" for hint in hints]
    return Mark(software(), "; ".join(parameters))
