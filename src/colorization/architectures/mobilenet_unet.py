"""Beyond the paper: a U-Net on MobileNetV2 that predicts the probability of each color."""

import keras
from keras import layers

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import BilinearUpsampling, conv_norm_relu
from colorization.networks.classification import classification
from colorization.networks.encoders import encode

# Layers of MobileNetV2, deepest first, and the channels to which a 1x1 convolution reduces each.
DEEPEST = "out_relu"  # at 1/32 of height and width
SKIPS = (
    ("block_13_expand_relu", 192),
    ("block_6_expand_relu", 96),
    ("block_3_expand_relu", 64),
    ("block_1_expand_relu", 32),
)
BRIDGE = 256  # filters, at 1/32
# Filters at 1/16, 1/8, 1/4 and 1/2. The last two take most of the time.
DECODER = (256, 192, 64, 64)


def _build() -> keras.Model:
    """Build the U-Net; it maps L to features at half its height and width.

    MobileNetV2 expects pixels in [-1, 1], the range of L.
    """
    L = keras.Input((None, None, 1), name="L")
    three = layers.Concatenate(dtype="float32", name="to_three")([L, L, L])
    names = (DEEPEST, *(name for name, _ in SKIPS))
    x, *skips = encode(three, "mobilenet_v2", outputs=names)
    x = conv_norm_relu(x, BRIDGE, name="bridge")
    for index, (skip, (_, channels), filters) in enumerate(
        zip(skips, SKIPS, DECODER, strict=True), start=1
    ):
        name = f"decoder_{index}"
        x = BilinearUpsampling(name=f"{name}_up")(x)
        reduced = conv_norm_relu(skip, channels, kernel_size=1, name=f"{name}_skip")
        x = layers.Concatenate(name=f"{name}_join")([x, reduced])
        x = conv_norm_relu(x, filters, name=name)
    return keras.Model([L], x)


ARCHITECTURE = Architecture(
    build=_build,
    description="U-Net with MobileNetV2 as its encoder; predicts the probability of each color",
    section=None,
    encoder="mobilenet_v2",
    objective=classification,
)
