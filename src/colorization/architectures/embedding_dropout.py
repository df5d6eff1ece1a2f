"""Beyond the paper: `bn_maxpool` with dropout on the embedding."""

from functools import partial

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import conv_norm_relu_pool, dropout_half
from colorization.networks.koalarization import koalarization

ARCHITECTURE = Architecture(
    build=partial(koalarization, conv_norm_relu_pool, before_fusion=dropout_half),
    description="`bn_maxpool` with dropout of 0.5 on the embedding",
    section=None,
    takes_embedding=True,
)
