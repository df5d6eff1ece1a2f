"""The paper's architectures, in one table.

A variant maps symbolic inputs to a symbolic ab image. To add one, add its entry to `VARIANTS`, its
name to `params.Variant` and to `study.variants` in params.yaml; the tests then cover it.
"""

from collections.abc import Callable

import keras

from colorization.embedding import EMBEDDING_LENGTH
from colorization.models import blocks
from colorization.models.blocks import ConvBlock


def _koalarization(conv: ConvBlock) -> keras.Model:
    """Encoder, fusion with the embedding, decoder (section 2.4)."""
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((EMBEDDING_LENGTH,), name="embedding")
    features = blocks.koala_encoder(L, conv)
    fused = blocks.RepeatOver(name="fusion")(features, embedding)
    fused = conv(fused, 256, kernel_size=1, name="fusion_conv")
    return keras.Model([L, embedding], blocks.koala_decoder(fused, conv))


def baseline() -> keras.Model:
    """Section 2.4: Deep Koalarization's network, with strided convolutions."""
    return _koalarization(blocks.conv_relu)


def bn_maxpool() -> keras.Model:
    """Section 3.4.2: batch normalization before each ReLU, max pooling instead of strides.

    The paper normalizes after *every* convolution. The tanh output is left without: a normalized
    output would force every batch's ab to the same mean and spread.
    """
    return _koalarization(blocks.conv_norm_relu_pool)


# In the paper's order.
VARIANTS: dict[str, Callable[[], keras.Model]] = {
    "baseline": baseline,
    "bn_maxpool": bn_maxpool,
}


def build_model(variant: str, seed: int) -> keras.Model:
    """Build a variant with freshly drawn weights.

    Parameters
    ----------
    variant : str
        A key of `VARIANTS`.
    seed : int
        The same seed gives the same weights.

    Returns
    -------
    keras.Model
        From a list [L, embedding], L (N, H, W, 1) in [-1, 1] with H and W multiples of 32 and
        embedding (N, 1000), to ab (N, H, W, 2) in (-1, 1).
    """
    keras.utils.set_random_seed(seed)
    model = VARIANTS[variant]()
    model.name = variant
    return model
