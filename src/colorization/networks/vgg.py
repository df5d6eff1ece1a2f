"""Builds the parts of variants whose encoder is a VGG network trained on ImageNet (section 3.5).

The model itself scales and centers L as the VGG weights expect, so a saved model needs no
preprocessing. It does so in float32 whatever the precision policy, since bfloat16 has only 128
values from 128 to 255.
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


def repeated(L: keras.KerasTensor) -> keras.KerasTensor:
    """Repeat L three times, as red, green and blue."""
    return layers.Concatenate(dtype="float32", name="to_three")([L, L, L])


def through_vgg(
    x: keras.KerasTensor, name: str, outputs: tuple[str, ...], trained: tuple[str, ...] = ()
) -> list[keras.KerasTensor]:
    """Give the outputs of layers of a VGG network for three channels on 0..255; see `encode`."""
    minus_mean = layers.Rescaling(
        1.0, offset=[-mean for mean in MEAN_BGR], dtype="float32", name="minus_mean"
    )
    return encode(minus_mean(x), name, outputs, trained)


def through_vgg16(three: keras.KerasTensor) -> keras.KerasTensor:
    """Predict ab from three channels on 0..255, by VGG16 and a decoder.

    The trained "first layer" of the paper is the first convolution: `layers[0]` of Keras' VGG16 is
    an input.
    """
    (x,) = through_vgg(three, "vgg16", outputs=("block5_pool",), trained=("block1_conv1",))
    for index, filters in enumerate(DECODER, start=1):
        x = conv_relu(x, filters, name=f"decoder_{index}")
        x = upsample(x, name=f"decoder_{index}_up")
    return ab_output(x)
