"""Defines the blocks that networks are composed of; each maps a tensor to a tensor."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import keras
from keras import layers, ops

from colorization.networks.normalization import FusedBatchNormalization


class ConvBlock(Protocol):
    """A convolution block; it halves height and width if `downsample`."""

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
    """Convolution and ReLU; a stride of 2 downsamples (section 2.4)."""
    strides = 2 if downsample else 1
    return layers.Conv2D(
        filters, kernel_size, strides, padding="same", activation="relu", name=name
    )(x)


def conv_norm_relu(
    x: keras.KerasTensor,
    filters: int,
    *,
    name: str,
    kernel_size: int = 3,
    downsample: bool = False,
) -> keras.KerasTensor:
    """Convolution, batch normalization and ReLU; a stride of 2 downsamples.

    The convolution has no bias, since the normalization would subtract it. The momentum is below
    Keras' default, 0.99, which averages over more steps than a short training has; inference would
    then use the statistics of outdated weights.
    """
    strides = 2 if downsample else 1
    x = layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=False, name=name)(x)
    x = FusedBatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def max_pooled(
    conv: ConvBlock,
    x: keras.KerasTensor,
    filters: int,
    *,
    name: str,
    kernel_size: int = 3,
    downsample: bool = False,
) -> keras.KerasTensor:
    """Apply a convolution block; 2x2 max pooling downsamples, instead of the block's stride."""
    x = conv(x, filters, kernel_size=kernel_size, name=name)
    return layers.MaxPooling2D(name=f"{name}_pool")(x) if downsample else x


conv_relu_pool: ConvBlock = partial(max_pooled, conv_relu)
conv_norm_relu_pool: ConvBlock = partial(max_pooled, conv_norm_relu)  # section 3.4.2


def spatial_dropout(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Drop a fifth of the channels, each as a whole (section 3.4.4)."""
    return layers.SpatialDropout2D(0.2, name=name)(x)


def dropout_half(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Drop half of the elements, each for itself."""
    return layers.Dropout(0.5, name=name)(x)


def upsample(x: keras.KerasTensor, *, name: str, dtype: str | None = None) -> keras.KerasTensor:
    """Double height and width by nearest neighbor."""
    return layers.UpSampling2D(2, interpolation="nearest", dtype=dtype, name=name)(x)


def ab_output(x: keras.KerasTensor, *, kernel_size: int = 3, name: str = "ab") -> keras.KerasTensor:
    """Predict ab in (-1, 1) by a convolution, in float32 whatever the precision policy."""
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
        """Compute the shape of the result from the shapes of both inputs."""
        return (*features_shape[:-1], features_shape[-1] + vector_shape[-1])


@keras.saving.register_keras_serializable(package="colorization")
class BilinearUpsampling(layers.UpSampling2D):
    """Double height and width bilinearly, also where a graph leaves them unknown.

    Keras' own layer needs static sizes with TensorFlow.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"size": 2, "interpolation": "bilinear"}))

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return (N, 2 H, 2 W, C)."""
        if keras.config.backend() != "tensorflow":
            return super().call(inputs)
        import tensorflow as tf  # noqa: PLC0415 (other backends do not need it)

        return tf.cast(tf.image.resize(inputs, 2 * tf.shape(inputs)[1:3]), inputs.dtype)


@keras.saving.register_keras_serializable(package="colorization")
class SpaceToDepth(layers.Layer):
    """Fold each two by two pixels into channels: (N, H / 2, W / 2, 4 C) from (N, H, W, C)."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the four pixels' channels in rows, then columns; H and W are even."""
        batch, height, width, channels = ops.shape(inputs)
        pairs = ops.reshape(inputs, (batch, height // 2, 2, width // 2, 2, channels))
        pixels = ops.transpose(pairs, (0, 1, 3, 2, 4, 5))
        return ops.reshape(pixels, (batch, height // 2, width // 2, 4 * channels))

    def compute_output_shape(self, shape: tuple) -> tuple:
        """Compute the shape of the result."""
        batch, height, width, channels = shape
        halves = (None if side is None else side // 2 for side in (height, width))
        return (batch, *halves, 4 * channels)


Block = Callable[..., keras.KerasTensor]  # such as `spatial_dropout`

# For each convolution: its filters, and whether it halves the size.
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
SHORT_ENCODER = ((64, True), (128, True), (256, True))
# For each convolution: its filters, and whether an upsampling follows.
KOALA_DECODER = ((128, True), (64, False), (64, True), (32, False))


def encoder(
    x: keras.KerasTensor,
    conv: ConvBlock,
    *,
    plan: tuple[tuple[int, bool], ...] = KOALA_ENCODER,
    after_every_other: Block | None = None,
    prefix: str = "",
) -> keras.KerasTensor:
    """Encode H x W to H/8 x W/8, with 256 channels; the default plan is section 2.4's.

    `after_every_other` is applied after the 2nd, 4th, ... convolution block.
    """
    for index, (filters, downsample) in enumerate(plan, start=1):
        name = f"{prefix}encoder_{index}"
        x = conv(x, filters, downsample=downsample, name=name)
        if after_every_other and index % 2 == 0:
            x = after_every_other(x, name=f"{name}_drop")
    return x


def decoder(
    x: keras.KerasTensor,
    conv: ConvBlock,
    *,
    after_every_other: Block | None = None,
    prefix: str = "",
) -> keras.KerasTensor:
    """Decode H/8 x W/8 to ab, H x W x 2 (section 2.4).

    The last upsampling follows the tanh, as in Deep Koalarization; the paper leaves it open.
    """
    for index, (filters, upsampled) in enumerate(KOALA_DECODER, start=1):
        name = f"{prefix}decoder_{index}"
        x = conv(x, filters, name=name)
        if after_every_other and index % 2 == 0:
            x = after_every_other(x, name=f"{name}_drop")
        if upsampled:
            x = upsample(x, name=f"{name}_up")
    # float32 from the tanh on: the loss is a sum, and sums in bfloat16 saturate.
    x = ab_output(x, name=f"{prefix}decoder_ab")
    return upsample(x, dtype="float32", name=f"{prefix}ab")
