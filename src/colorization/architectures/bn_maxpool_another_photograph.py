"""A control: `bn_maxpool` with another photograph's embedding."""

from colorization.networks.architecture import Variant
from colorization.networks.koalarization import batch_normalized

VARIANT = Variant(
    build=batch_normalized,
    architecture="a control: `bn_maxpool` with another photograph's embedding",
    section=None,
)
