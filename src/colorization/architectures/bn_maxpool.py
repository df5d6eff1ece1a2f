"""Section 3.4.2: batch normalization before each ReLU, max pooling instead of strides.

The paper normalizes after *every* convolution. Here the tanh output is not normalized, since that
would force every batch's ab to the same mean and spread.
"""

from functools import partial

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import conv_norm_relu_pool
from colorization.networks.koalarization import koalarization

ARCHITECTURE = Architecture(
    build=partial(koalarization, conv_norm_relu_pool),
    description="batch normalization before each ReLU, max pooling instead of strides",
    section="3.4.2",
    takes_embedding=True,
)
