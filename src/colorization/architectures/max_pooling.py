"""The other half of section 3.4.2: max pooling instead of strides, without normalization."""

from functools import partial

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import conv_relu_pool
from colorization.networks.koalarization import koalarization

ARCHITECTURE = Architecture(
    build=partial(koalarization, conv_relu_pool),
    description="the baseline with max pooling instead of strides",
    section=None,
    takes_embedding=True,
)
