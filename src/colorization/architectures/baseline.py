"""Section 2.4: Deep Koalarization's network, with strided convolutions."""

from functools import partial

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import conv_relu
from colorization.networks.koalarization import koalarization

ARCHITECTURE = Architecture(
    build=partial(koalarization, conv_relu),
    description="encoder, fusion with the embedding, decoder; strided convolutions",
    section="2.4",
    takes_embedding=True,
)
