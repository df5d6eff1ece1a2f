"""One half of section 3.4.2: batch normalization, and the baseline's strided convolutions."""

from functools import partial

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import conv_norm_relu
from colorization.networks.koalarization import koalarization

ARCHITECTURE = Architecture(
    build=partial(koalarization, conv_norm_relu),
    description="the baseline with batch normalization before each ReLU",
    section=None,
    takes_embedding=True,
)
