"""Section 3.5.1: a new 1x1 convolution makes three channels for VGG16."""

import keras
from keras import layers

from colorization.networks.architecture import Architecture
from colorization.networks.vgg import to_0_255, vgg16_to_ab


def _build() -> keras.Model:
    """Build the new convolution, VGG16 and a decoder; train VGG16's first convolution alone.

    The new convolution starts as Keras starts any: Glorot's uniform weights, a bias of zero.
    """
    L = keras.Input((None, None, 1), name="L")
    three = layers.Conv2D(3, 1, dtype="float32", name="to_three")(to_0_255(L))
    return keras.Model([L], vgg16_to_ab(three))


ARCHITECTURE = Architecture(
    build=_build,
    description="VGG16, a new 1x1 convolution before it, a decoder of five convolutions",
    section="3.5.1",
    encoder="vgg16",
)
