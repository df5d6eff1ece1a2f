"""Section 2.4: Deep Koalarization's network, with strided convolutions."""

from functools import partial

from colorization.networks.architecture import Variant
from colorization.networks.blocks import conv_relu
from colorization.networks.koalarization import koalarization

VARIANT = Variant(
    build=partial(koalarization, conv_relu),
    architecture="encoder, fusion with the embedding, decoder; strided convolutions",
    section="2.4",
)
