"""Section 3.5.2: a U-Net whose encoder is VGG19, all of it frozen."""

import keras
from keras import layers

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import ab_output, conv_relu
from colorization.networks.vgg import encode_vgg, repeat_channel, to_0_255

DECODER = (512, 256, 128, 64)  # filters
SKIPS = ("block4_conv4", "block3_conv4", "block2_conv2", "block1_conv2")  # deepest first


def _build() -> keras.Model:
    """Build the U-Net; the paper specifies neither its skips nor the decoder's widths.

    Each decoder block is concatenated with VGG19's last convolution of the same size, and has as
    many filters. The transposed convolutions have no activation, as in the original U-Net
    (arXiv:1505.04597).
    """
    L = keras.Input((None, None, 1), name="L")
    three = repeat_channel(to_0_255(L))
    deepest, *skips = encode_vgg(three, "vgg19", outputs=("block5_conv4", *SKIPS))
    x = conv_relu(deepest, 512, name="bridge")
    for index, (filters, skip) in enumerate(zip(DECODER, skips, strict=True), start=1):
        name = f"decoder_{index}"
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}_up")(x)
        x = layers.Concatenate(name=f"{name}_skip")([x, skip])
        x = conv_relu(x, filters, name=f"{name}_first")
        x = conv_relu(x, filters, name=f"{name}_second")
    return keras.Model([L], ab_output(x, kernel_size=1))


ARCHITECTURE = Architecture(
    build=_build,
    description="U-Net with VGG19, frozen, as its encoder",
    section="3.5.2",
    encoder="vgg19",
)
