"""Section 3.4.2: batch normalization before each ReLU, max pooling instead of strides."""

from colorization.networks.architecture import Architecture
from colorization.networks.koalarization import batch_normalized

ARCHITECTURE = Architecture(
    build=batch_normalized,
    description="batch normalization before each ReLU, max pooling instead of strides",
    section="3.4.2",
    takes_embedding=True,
)
