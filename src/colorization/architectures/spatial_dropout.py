"""Section 3.4.4: `bn_maxpool` with spatial dropout after every other convolution block."""

from functools import partial

from colorization.networks import blocks
from colorization.networks.architecture import Architecture
from colorization.networks.koalarization import koalarization

ARCHITECTURE = Architecture(
    build=partial(koalarization, blocks.conv_norm_relu_pool, blocks.spatial_dropout),
    description="`bn_maxpool` with spatial dropout of 0.2 after every other convolution block",
    section="3.4.4",
    takes_embedding=True,
)
