"""Section 3.4.2: batch normalization before each ReLU, max pooling instead of strides."""

from colorization.networks.architecture import Variant
from colorization.networks.koalarization import batch_normalized

VARIANT = Variant(
    build=batch_normalized,
    architecture="batch normalization before each ReLU, max pooling instead of strides",
    section="3.4.2",
)
