"""Deep Koalarization's network, of which most variants are made (section 2.4 of the paper)."""

import keras

from colorization.networks import blocks
from colorization.networks.blocks import Between, ConvBlock

EMBEDDING_LENGTH = 1000  # ImageNet's classes


def koalarization(conv: ConvBlock, after_every_other: Between | None = None) -> keras.Model:
    """Encoder, fusion with the embedding, decoder.

    Parameters
    ----------
    conv : callable
        The convolution block.
    after_every_other : callable, optional
        What stands after every other convolution block of the encoder, and of the decoder.

    Returns
    -------
    keras.Model
        From [L, embedding] to ab.
    """
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((EMBEDDING_LENGTH,), name="embedding")
    features = blocks.encoder(L, conv, after_every_other=after_every_other)
    fused = blocks.RepeatOver(name="fusion")(features, embedding)
    fused = conv(fused, 256, kernel_size=1, name="fusion_conv")
    ab = blocks.decoder(fused, conv, after_every_other=after_every_other)
    return keras.Model([L, embedding], ab)


def batch_normalized() -> keras.Model:
    """Section 3.4.2: batch normalization before each ReLU, max pooling instead of strides.

    The paper normalizes after *every* convolution. The tanh output is left without: a normalized
    output would force every batch's ab to the same mean and spread.
    """
    return koalarization(blocks.conv_norm_relu_pool)
