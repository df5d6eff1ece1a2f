"""Builds what networks with a VGG encoder trained on ImageNet have in common (section 3.5).

The model itself scales and centers L as the VGG weights expect, in float32 whatever the precision
policy: bfloat16 has only 128 values from 128 to 255.
"""

import keras
from keras import layers

from colorization.networks.blocks import ab_output, conv_relu, upsample
from colorization.networks.encoders import encode

# Mean of ImageNet's channels, BGR on 0..255, as `keras.applications.vgg16.preprocess_input`
# subtracts it (Simonyan and Zisserman, arXiv:1409.1556, section 2.1). The channels of a gray
# image are equal, so they need no reordering from RGB to BGR.
MEAN_BGR = (103.939, 116.779, 123.68)

DECODER = (256, 128, 64, 32, 16)  # filters of vgg16's decoder


def to_0_255(L: keras.KerasTensor) -> keras.KerasTensor:
    """Scale L to the range of 8-bit pixels."""
    return layers.Rescaling(127.5, offset=127.5, dtype="float32", name="to_0_255")(L)  # L* x 2.55


def repeat_channel(L: keras.KerasTensor) -> keras.KerasTensor:
    """Repeat L three times, as red, green and blue."""
    return layers.Concatenate(dtype="float32", name="to_three")([L, L, L])


def encode_vgg(
    x: keras.KerasTensor, name: str, outputs: tuple[str, ...], trainable: tuple[str, ...] = ()
) -> list[keras.KerasTensor]:
    """Encode three channels on 0..255 by a VGG network; see `encode`."""
    minus_mean = layers.Rescaling(
        1.0, offset=[-mean for mean in MEAN_BGR], dtype="float32", name="minus_mean"
    )
    return encode(minus_mean(x), name, outputs, trainable)


def vgg16_to_ab(x: keras.KerasTensor) -> keras.KerasTensor:
    """Predict ab from three channels on 0..255, by VGG16 and a decoder.

    The "first layer" that the paper trains is taken to be the first convolution; `layers[0]` of
    Keras' VGG16 is an input.
    """
    (x,) = encode_vgg(x, "vgg16", outputs=("block5_pool",), trainable=("block1_conv1",))
    for index, filters in enumerate(DECODER, start=1):
        x = conv_relu(x, filters, name=f"decoder_{index}")
        x = upsample(x, name=f"decoder_{index}_up")
    return ab_output(x)
