"""A control: `bn_maxpool` with the embeddings of a random network."""

from colorization.networks.architecture import Variant
from colorization.networks.koalarization import batch_normalized

VARIANT = Variant(
    build=batch_normalized,
    architecture="a control: `bn_maxpool` with the embeddings of a random network",
    section=None,
)
