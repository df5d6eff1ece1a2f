"""Builds EfficientNet-Lite2, which Keras does not offer, in the manner of `keras.applications`.

EfficientNet-Lite is EfficientNet without squeeze-and-excitation and with ReLU6 instead of swish, so
that it computes well in low precision and on ONNX Runtime. Its pixels are (rgb - 127) / 128.

References
----------
Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. ICML 2019.
Google's `lite` folder of the EfficientNet repository (Apache-2.0) defines the variants and
publishes their weights; `tools/efficientnet_lite2.py` converts these.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import keras
from keras import layers

WIDTH, DEPTH = 1.1, 1.2  # of EfficientNet-Lite2, over EfficientNet-Lite0
SIZE = 260  # px; the side of the images that it was trained on
STEM, HEAD = 32, 1280  # filters; not scaled in the Lite variants
DROPOUT = 0.3
CLASSES = 1000
EPSILON, MOMENTUM = 1e-3, 0.99  # of the batch normalizations
# Kernel size, filters and blocks of the seven stages of EfficientNet-B0, the stride of the first
# block of each, and the expansion of its channels.
STAGES = (
    (3, 16, 1, 1, 1),
    (3, 24, 2, 2, 6),
    (5, 40, 2, 2, 6),
    (3, 80, 3, 2, 6),
    (5, 112, 3, 1, 6),
    (5, 192, 4, 2, 6),
    (3, 320, 1, 1, 6),
)


@dataclass(frozen=True)
class Block:
    """An inverted residual block.

    Attributes
    ----------
    kernel_size, filters, stride : int
    expansion : int
        The depthwise convolution has this many channels for each of the input; 1 expands nothing.
    """

    kernel_size: int
    filters: int
    stride: int
    expansion: int


def blocks() -> Iterator[Block]:
    """Yield the 21 blocks of EfficientNet-Lite2, the first and the last stage not repeated."""
    for index, (kernel_size, filters, count, stride, expansion) in enumerate(STAGES):
        fixed = index in (0, len(STAGES) - 1)
        for repeat in range(count if fixed else math.ceil(count * DEPTH)):
            yield Block(kernel_size, _scale(filters), stride if repeat == 0 else 1, expansion)


def EfficientNetLite2(  # noqa: N802 (as in keras.applications)
    include_top: bool = True,
    weights: None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build EfficientNet-Lite2 with freshly drawn weights.

    Parameters
    ----------
    include_top : bool
        Whether to end in the classifier; if not, the output is (N, H / 32, W / 32, 1280).
    weights : None
        Keras publishes none; convert Google's by `tools/efficientnet_lite2.py`.
    input_shape : tuple, optional
        (260, 260, 3) by default.
    classifier_activation : str, optional
        "softmax", or None for logits.

    Returns
    -------
    keras.Model
        Maps (N, H, W, 3), pixels as (rgb - 127) / 128. `block_N_project_norm`, or `block_N_add`
        where the block has a shortcut, is the output of block N, counted from 0.

    Raises
    ------
    ValueError
        If `weights` is not None.
    """
    if weights is not None:
        raise ValueError("no one publishes these for Keras; see tools/efficientnet_lite2.py")
    images = keras.Input(input_shape or (SIZE, SIZE, 3))
    x = layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="stem")(images)
    x = _normalize(x, "stem", activate=True)
    for index, block in enumerate(blocks()):
        x = _inverted_residual(x, block, f"block_{index}")
    x = layers.Conv2D(HEAD, 1, use_bias=False, name="head")(x)
    x = _normalize(x, "head", activate=True)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="average")(x)
        x = layers.Dropout(DROPOUT, name="dropout")(x)
        x = layers.Dense(CLASSES, activation=classifier_activation, name="classifier")(x)
    return keras.Model(images, x, name="efficientnet_lite2")


def _inverted_residual(x: keras.KerasTensor, block: Block, name: str) -> keras.KerasTensor:
    """Expand, convolve each channel, project; with a shortcut if the shape stays the same."""
    shortcut, channels = x, x.shape[-1]
    if block.expansion != 1:
        filters = channels * block.expansion
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_expand")(x)
        x = _normalize(x, f"{name}_expand", activate=True)
    x = layers.DepthwiseConv2D(
        block.kernel_size, block.stride, "same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _normalize(x, f"{name}_depthwise", activate=True)
    x = layers.Conv2D(block.filters, 1, use_bias=False, name=f"{name}_project")(x)
    x = _normalize(x, f"{name}_project", activate=False)
    if block.stride == 1 and block.filters == channels:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _normalize(x: keras.KerasTensor, name: str, *, activate: bool) -> keras.KerasTensor:
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(6, name=f"{name}_relu")(x) if activate else x


def _scale(filters: int) -> int:
    """Scale a number of filters to the nearest multiple of 8, but not below 90% of it."""
    scaled = filters * WIDTH
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * scaled else rounded + 8
