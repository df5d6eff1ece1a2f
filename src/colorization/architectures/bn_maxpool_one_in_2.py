"""Section 4.2, on the amount of data: `bn_maxpool` on one training image in 2."""

from colorization.networks.architecture import Variant
from colorization.networks.koalarization import batch_normalized

VARIANT = Variant(
    build=batch_normalized,
    architecture="`bn_maxpool` on one training image in 2, for as many steps",
    section="4.2",
    one_in=2,
)
