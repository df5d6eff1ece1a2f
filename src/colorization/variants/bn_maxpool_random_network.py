"""A control: `bn_maxpool` with the embeddings of a random network."""

from colorization.networks.koalarization import batch_normalized
from colorization.networks.variant import Variant

VARIANT = Variant(
    build=batch_normalized,
    architecture="a control: `bn_maxpool` with the embeddings of a random network",
    section=None,
)
