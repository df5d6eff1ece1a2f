"""Builds Deep Koalarization's network, on which most networks are based (section 2.4)."""

import keras

from colorization.networks import blocks
from colorization.networks.blocks import Block, ConvBlock

EMBEDDING_LENGTH = 1000  # ImageNet's classes


def koalarization(
    conv: ConvBlock,
    after_every_other: Block | None = None,
    before_fusion: Block | None = None,
    *,
    embedding: bool,
) -> keras.Model:
    """Build the encoder, the fusion with the embedding, and the decoder.

    Parameters
    ----------
    conv : callable
        The convolution block.
    after_every_other : callable, optional
        A block to insert after every other convolution block of the encoder and of the decoder.
    before_fusion : callable, optional
        A block to apply to the embedding, which maps (N, 1000) to (N, 1000).
    embedding : bool
        Whether the network takes the embedding. Without it, the 1x1 convolution of the fusion
        takes the encoder's features alone.

    Returns
    -------
    keras.Model
        Maps [L, embedding], or [L], to ab.
    """
    inputs = [keras.Input((None, None, 1), name="L")]
    if embedding:
        inputs.append(keras.Input((EMBEDDING_LENGTH,), name="embedding"))
    features = blocks.encoder(inputs[0], conv, after_every_other=after_every_other)
    if embedding:
        vector = inputs[1]
        if before_fusion:
            vector = before_fusion(vector, name="embedding_drop")
        features = blocks.RepeatOver(name="fusion")(features, vector)
    fused = conv(features, 256, kernel_size=1, name="fusion_conv")
    ab = blocks.decoder(fused, conv, after_every_other=after_every_other)
    return keras.Model(inputs, ab)
