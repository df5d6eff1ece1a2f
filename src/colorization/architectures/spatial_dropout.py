"""Section 3.4.4: `bn_maxpool` with channels dropped after every other convolution block."""

from functools import partial

from colorization.networks import blocks
from colorization.networks.architecture import Variant
from colorization.networks.koalarization import koalarization

VARIANT = Variant(
    build=partial(koalarization, blocks.conv_norm_relu_pool, blocks.spatial_dropout),
    architecture="`bn_maxpool` with a fifth of the channels dropped after every other convolution "
    "block",
    section="3.4.4",
)
