"""A control: `bn_maxpool` with another photograph's embedding."""

from colorization.networks.koalarization import batch_normalized
from colorization.networks.variant import Variant

VARIANT = Variant(
    build=batch_normalized,
    architecture="a control: `bn_maxpool` with another photograph's embedding",
    section=None,
)
