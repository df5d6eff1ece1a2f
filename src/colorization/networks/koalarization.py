"""Builds Deep Koalarization's network, on which most variants are based (section 2.4)."""

import keras

from colorization.networks import blocks
from colorization.networks.blocks import Between, ConvBlock

EMBEDDING_LENGTH = 1000  # ImageNet's classes


def koalarization(conv: ConvBlock, after_every_other: Between | None = None) -> keras.Model:
    """Build the encoder, the fusion with the embedding, and the decoder.

    Parameters
    ----------
    conv : callable
        The convolution block.
    after_every_other : callable, optional
        The block after every other convolution block of the encoder and of the decoder.

    Returns
    -------
    keras.Model
        Maps [L, embedding] to ab.
    """
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((EMBEDDING_LENGTH,), name="embedding")
    features = blocks.encoder(L, conv, after_every_other=after_every_other)
    fused = blocks.RepeatOver(name="fusion")(features, embedding)
    fused = conv(fused, 256, kernel_size=1, name="fusion_conv")
    ab = blocks.decoder(fused, conv, after_every_other=after_every_other)
    return keras.Model([L, embedding], ab)


def batch_normalized() -> keras.Model:
    """Build section 3.4.2's network: batch normalization before each ReLU, max pooling, no strides.

    The paper normalizes after *every* convolution. Here the tanh output is not normalized, since
    that would force every batch's ab to the same mean and spread.
    """
    return koalarization(blocks.conv_norm_relu_pool)
