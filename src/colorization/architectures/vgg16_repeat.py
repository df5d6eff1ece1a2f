"""Section 3.5.1: L repeated three times for VGG16, whose first convolution is trained."""

import keras

from colorization.networks.architecture import Architecture
from colorization.networks.vgg import repeat_channel, to_0_255, vgg16_to_ab


def _build() -> keras.Model:
    L = keras.Input((None, None, 1), name="L")
    return keras.Model([L], vgg16_to_ab(repeat_channel(to_0_255(L))))


ARCHITECTURE = Architecture(
    build=_build,
    description="VGG16, L repeated three times before it, a decoder of five convolutions",
    section="3.5.1",
    encoder="vgg16",
)
