"""A control: `bn_maxpool` without an embedding, otherwise unchanged."""

import keras

from colorization.networks import blocks
from colorization.networks.architecture import Variant
from colorization.networks.blocks import conv_norm_relu_pool


def _build() -> keras.Model:
    """Build `koalarization` without the embedding; maps L to ab."""
    L = keras.Input((None, None, 1), name="L")
    features = blocks.encoder(L, conv_norm_relu_pool)
    features = conv_norm_relu_pool(features, 256, kernel_size=1, name="fusion_conv")
    return keras.Model([L], blocks.decoder(features, conv_norm_relu_pool))


VARIANT = Variant(
    build=_build,
    architecture="a control: `bn_maxpool` without an embedding",
    section=None,
)
