"""Beyond the paper: a U-Net on EfficientNet-Lite2, which sees L enlarged.

An ImageNet encoder recognizes little in a small picture; enlarged, the same pixels tell it more.
"""

from functools import partial

import keras
from keras import layers

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import (
    BilinearUpsampling,
    SpaceToDepth,
    conv_norm_relu,
)
from colorization.networks.classification import classification
from colorization.networks.encoders import encode

# The last blocks at 1/32, 1/16, 1/8 and 1/4 of the enlarged L, and the channels to which a 1x1
# convolution reduces each.
TAPS = (
    ("block_20_project", 256),
    ("block_14_add", 128),
    ("block_6_add", 64),
    ("block_3_add", 32),
)
# The first layers are general enough for gray images, and take most of the time to train.
FROZEN = ("stem", *(f"block_{index}_" for index in range(7)))
# Filters of the decoder at these sizes.
DECODER = (256, 256, 160, 96)
DROPOUT = 0.1  # share of the channels dropped after each of these


def _build() -> keras.Model:
    """Build the U-Net; it maps L to features at half its height and width."""
    L = keras.Input((None, None, 1), name="L")
    large = BilinearUpsampling(dtype="float32", name="enlarge")(L)
    # From [-1, 1] to pixels of 0 to 255, as the encoder expects them.
    pixels = layers.Rescaling(127.5 / 128, 0.5 / 128, dtype="float32", name="rescale")(large)
    three = layers.Concatenate(dtype="float32", name="to_three")([pixels, pixels, pixels])
    features = encode(three, "efficientnet_lite2", outputs=tuple(name for name, _ in TAPS))
    x = None
    for index, (tap, (_, channels), filters) in enumerate(
        zip(features, TAPS, DECODER, strict=True), start=1
    ):
        name = f"decoder_{index}"
        joined = conv_norm_relu(tap, channels, kernel_size=1, name=f"{name}_tap")
        if x is not None:
            enlarged = BilinearUpsampling(name=f"{name}_up")(x)
            joined = layers.Concatenate(name=f"{name}_join")([enlarged, joined])
        x = conv_norm_relu(joined, filters, name=name)
        x = layers.SpatialDropout2D(DROPOUT, name=f"{name}_dropout")(x)
    x = layers.Concatenate(name="L_join")([x, SpaceToDepth(name="L_folded")(L)])
    x = conv_norm_relu(x, DECODER[-1], name="decoder_5")
    return keras.Model([L], x)


ARCHITECTURE = Architecture(
    build=_build,
    description="U-Net with EfficientNet-Lite2, which sees L enlarged, as its encoder; predicts "
    "the probability of each color",
    section=None,
    encoder="efficientnet_lite2",
    frozen=FROZEN,
    objective=partial(classification, rebalancing=0.0),
)
