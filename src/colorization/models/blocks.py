"""What the variants are composed of: each block maps a tensor to a tensor."""

from typing import Protocol

import keras
from keras import layers, ops


class ConvBlock(Protocol):
    """A convolution with what surrounds it; halves height and width if `downsample`."""

    def __call__(
        self,
        x: keras.KerasTensor,
        filters: int,
        *,
        name: str,
        kernel_size: int = 3,
        downsample: bool = False,
    ) -> keras.KerasTensor:
        """Return (N, H', W', filters) from (N, H, W, C)."""
        ...


def conv_relu(
    x: keras.KerasTensor,
    filters: int,
    *,
    name: str,
    kernel_size: int = 3,
    downsample: bool = False,
) -> keras.KerasTensor:
    """Convolution, ReLU; downsampled by a stride of 2 (section 2.4)."""
    strides = 2 if downsample else 1
    return layers.Conv2D(
        filters, kernel_size, strides, padding="same", activation="relu", name=name
    )(x)


def conv_norm_relu_pool(
    x: keras.KerasTensor,
    filters: int,
    *,
    name: str,
    kernel_size: int = 3,
    downsample: bool = False,
) -> keras.KerasTensor:
    """Convolution, batch normalization, ReLU; downsampled by 2x2 max pooling (section 3.4.2).

    The convolution has no bias: the normalization subtracts it again, so it would never learn.
    """
    x = layers.Conv2D(filters, kernel_size, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    return layers.MaxPooling2D(name=f"{name}_pool")(x) if downsample else x


def upsample(x: keras.KerasTensor, *, name: str, dtype: str | None = None) -> keras.KerasTensor:
    """Double height and width, nearest neighbour."""
    return layers.UpSampling2D(2, interpolation="nearest", dtype=dtype, name=name)(x)


def ab_output(x: keras.KerasTensor, *, kernel_size: int = 3, name: str = "ab") -> keras.KerasTensor:
    """The convolution that predicts ab in (-1, 1); float32 whatever the precision policy."""
    return layers.Conv2D(
        2, kernel_size, padding="same", activation="tanh", dtype="float32", name=name
    )(x)


@keras.saving.register_keras_serializable(package="colorization")
class RepeatOver(layers.Layer):
    """Repeat a vector over the pixels of a feature map and concatenate it (section 2.4, Fig. 3)."""

    def call(self, features: keras.KerasTensor, vector: keras.KerasTensor) -> keras.KerasTensor:
        """Return (N, H, W, C + D) from features (N, H, W, C) and vector (N, D)."""
        batch, height, width, _ = ops.shape(features)
        repeated = ops.broadcast_to(
            vector[:, None, None, :], (batch, height, width, vector.shape[-1])
        )
        return ops.concatenate([features, repeated], axis=-1)

    def compute_output_shape(self, features_shape: tuple, vector_shape: tuple) -> tuple:
        """Shape of the result, from the shapes of both inputs."""
        return (*features_shape[:-1], features_shape[-1] + vector_shape[-1])


# Filters of each convolution, and whether it halves the size.
KOALA_ENCODER = (
    (64, True),
    (128, False),
    (128, True),
    (256, False),
    (256, True),
    (512, False),
    (512, False),
    (256, False),
)
# Filters of each convolution, and whether an upsampling follows it.
KOALA_DECODER = ((128, True), (64, False), (64, True), (32, False))


def koala_encoder(x: keras.KerasTensor, conv: ConvBlock) -> keras.KerasTensor:
    """L, H x W x 1, to H/8 x W/8 x 256 (section 2.4)."""
    for index, (filters, downsample) in enumerate(KOALA_ENCODER, start=1):
        x = conv(x, filters, downsample=downsample, name=f"encoder_{index}")
    return x


def koala_decoder(x: keras.KerasTensor, conv: ConvBlock) -> keras.KerasTensor:
    """H/8 x W/8 x 256 to ab, H x W x 2 (section 2.4).

    The last upsampling stands after the tanh, as in Deep Koalarization; the paper does not say.
    """
    for index, (filters, upsampled) in enumerate(KOALA_DECODER, start=1):
        x = conv(x, filters, name=f"decoder_{index}")
        if upsampled:
            x = upsample(x, name=f"decoder_{index}_up")
    # float32 from the tanh on: sums of bfloat16 saturate, and the loss is such a sum.
    return upsample(ab_output(x, name="decoder_ab"), dtype="float32", name="ab")
