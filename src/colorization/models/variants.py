"""The paper's architectures, in one table."""

from collections.abc import Callable
from functools import partial

import keras
from keras import layers

from colorization.models import blocks, vgg
from colorization.models.blocks import Between, ConvBlock
from colorization.precision import dtype_policy

EMBEDDING_LENGTH = 1000  # ImageNet's classes


def _koalarization(conv: ConvBlock, after_every_other: Between | None = None) -> keras.Model:
    """Encoder, fusion with the embedding, decoder (section 2.4)."""
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((EMBEDDING_LENGTH,), name="embedding")
    features = blocks.encoder(L, conv, after_every_other=after_every_other)
    fused = blocks.RepeatOver(name="fusion")(features, embedding)
    fused = conv(fused, 256, kernel_size=1, name="fusion_conv")
    ab = blocks.decoder(fused, conv, after_every_other=after_every_other)
    return keras.Model([L, embedding], ab)


def baseline() -> keras.Model:
    """Section 2.4: Deep Koalarization's network, with strided convolutions."""
    return _koalarization(blocks.conv_relu)


def deeper() -> keras.Model:
    """Section 3.4.1: the baseline's ab and L through a second encoder, bottleneck and decoder.

    The paper gives the bottleneck's 1024 kernels of 5x5 and "fewer layers". The second encoder
    keeps the baseline's three halvings, one convolution each; the decoder is the baseline's. Both
    parts are trained together, on the final output alone.
    """
    first = baseline()
    L, _ = first.inputs
    conv = blocks.conv_relu
    x = layers.Concatenate(name="hybrid")([L, first.output])
    x = blocks.encoder(x, conv, plan=blocks.SHORT_ENCODER, prefix="second_")
    x = conv(x, 1024, kernel_size=5, name="bottleneck")
    return keras.Model(first.inputs, blocks.decoder(x, conv, prefix="second_"))


def bn_maxpool() -> keras.Model:
    """Section 3.4.2: batch normalization before each ReLU, max pooling instead of strides.

    The paper normalizes after *every* convolution. The tanh output is left without: a normalized
    output would force every batch's ab to the same mean and spread.
    """
    return _koalarization(blocks.conv_norm_relu_pool)


def l2() -> keras.Model:
    """Section 3.4.3: `bn_maxpool` with a penalty of 0.01 on every convolution kernel's squares.

    The paper gives the factor alone. It starts from the same weights as `bn_maxpool`.
    """
    plain = bn_maxpool()
    model = keras.models.clone_model(plain, clone_function=partial(_penalized, l2=0.01))
    model.set_weights(plain.get_weights())
    return model


def _penalized(layer: layers.Layer, l2: float) -> layers.Layer:
    config = layer.get_config()
    if isinstance(layer, layers.Conv2D):
        config["kernel_regularizer"] = keras.regularizers.L2(l2)
    return type(layer).from_config(config)


def spatial_dropout() -> keras.Model:
    """Section 3.4.4: `bn_maxpool`, channels dropped after every other convolution block."""
    return _koalarization(blocks.conv_norm_relu_pool, after_every_other=blocks.spatial_dropout)


# In the paper's order.
VARIANTS: dict[str, Callable[[], keras.Model]] = {
    "baseline": baseline,
    "deeper": deeper,
    "bn_maxpool": bn_maxpool,
    "l2": l2,
    "spatial_dropout": spatial_dropout,
    "vgg16_conv": vgg.vgg16_conv,
    "vgg16_repeat": vgg.vgg16_repeat,
    "vgg19_unet": vgg.vgg19_unet,
}


def build_model(variant: str, seed: int, precision: str = "float32") -> keras.Model:
    """Build a variant with freshly drawn weights.

    Parameters
    ----------
    variant : str
        A key of `VARIANTS`.
    seed : int
        The same seed gives the same weights.
    precision : str
        Keras' dtype policy of the layers. Weights and ab are float32 with each.

    Returns
    -------
    keras.Model
        From a list [L, embedding] or [L], L (N, H, W, 1) in [-1, 1] with H and W multiples of 32
        and embedding (N, 1000), to ab (N, H, W, 2) in (-1, 1).
    """
    keras.utils.set_random_seed(seed)
    with dtype_policy(precision):
        model = VARIANTS[variant]()
    model.name = variant
    return model
