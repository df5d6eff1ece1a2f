"""Builds the network of the embedding: its logits for the luminance of an image.

Section 2.4 of the paper: the network takes the luminance, scaled to the network's size and stacked
three times; the embedding is "the output of the last layer before the softmax function".
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from colorization.backbones.folding import fold_normalization
from colorization.backbones.precision import choose_precision
from colorization.backbones.pretrained import build_pretrained
from colorization.core.settings import Embed

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Network:
    """An ImageNet classifier of `keras.applications`."""

    build: Callable[..., keras.Model]
    preprocess: Callable
    image_size: int  # px, as in its training
    depthwise: bool = False  # whether most of its convolutions are depthwise


NETWORKS = {
    "inception_resnet_v2": Network(
        keras.applications.InceptionResNetV2,
        keras.applications.inception_resnet_v2.preprocess_input,
        299,
    ),
    "inception_v3": Network(
        keras.applications.InceptionV3,
        keras.applications.inception_v3.preprocess_input,
        299,
    ),
    "mobilenet_v2": Network(
        keras.applications.MobileNetV2,
        keras.applications.mobilenet_v2.preprocess_input,
        224,
        depthwise=True,
    ),
}


def precision_of(params: Embed) -> str:
    """Choose Keras' dtype policy for a network's convolutions.

    Returns
    -------
    str
        See `precision.choose_precision`. "auto" is float32 for two kinds of networks, on all
        hardware. In a depthwise network most layers stay in float32, and the casts between the two
        precisions cost more than the others save on the processors of results/benchmarks/embed.md
        and embed_amx.md. With random weights, logits hardly differ between images: once
        standardized, their rounding errors are as large as the values, and packages, which compute
        in float32, would produce different colors.
    """
    precision = params.precision
    if precision == "auto":
        if NETWORKS[params.network].depthwise:
            precision, reason = "float32", f"{params.network} is mostly depthwise"
        elif params.weights == "random":
            precision, reason = "float32", "weights are random"
        if precision == "float32":
            print(f"precision: float32 ({reason})", flush=True)
    return choose_precision(precision, float16=False)  # random logits are too small for float16


def build_classifier(params: Embed) -> keras.Model:
    """Build an ImageNet network in float32, with its weights, as Keras defines it.

    Parameters
    ----------
    params : Embed
        `weights` is "random" (drawn from `seed`), "imagenet" (Keras downloads and verifies them),
        or the path of a weights file.

    Returns
    -------
    keras.Model
        Maps RGB, (N, H, W, 3), preprocessed by the network's `preprocess`, to logits, (N, 1000).

    Raises
    ------
    ColorizationError
        If the weights cannot be found or downloaded, or belong to another network.
    """
    keras.utils.set_random_seed(params.seed)
    return build_pretrained(
        NETWORKS[params.network].build,
        params.weights,
        parameter="embed.weights",
        name=params.network,
        classifier_activation=None,
    )


def build_embedder(params: Embed, precision: str = "float32") -> keras.Model:
    """Build the network that embeds images.

    Parameters
    ----------
    params : Embed
        See `build_classifier`.
    precision : str
        Keras' dtype policy of the convolutions. All other layers use float32, also depthwise
        convolutions: they take little time, and MobileNetV2's logits would lose most accuracy.

    Returns
    -------
    keras.Model
        Maps L, (N, S, S, 1) in [-1, 1], to logits, (N, 1000), where S is the network's
        `image_size`. Batch normalizations are folded into the convolutions.

    Raises
    ------
    ColorizationError
        If the weights cannot be found or downloaded, or belong to another network.
    """
    network = NETWORKS[params.network]
    # TensorFlow could fold them while it compiles, but needs gigabytes for that.
    classifier = fold_normalization(build_classifier(params))
    for layer in classifier.layers:
        if isinstance(layer, keras.layers.Conv2D):  # DepthwiseConv2D is no subclass of it
            layer.dtype_policy = precision
    L = keras.Input((network.image_size, network.image_size, 1), name="L")
    gray = ops.clip((L + 1) * 127.5, 0, 255)  # L* x 2.55
    logits = classifier(network.preprocess(ops.repeat(gray, 3, axis=-1)), training=False)
    return keras.Model(L, logits, name=f"{params.network}_embedder")


def compile_embedder(embedder: keras.Model) -> Predict:
    """Compile a model; it is traced once for each batch size.

    Parameters
    ----------
    embedder : keras.Model
        Returned by `build_embedder`.

    Returns
    -------
    callable
        Maps L, (N, S, S, 1) float32, to logits, (N, 1000) float32.
    """
    if keras.config.backend() != "tensorflow":
        return embedder.predict_on_batch
    import tensorflow as tf  # noqa: PLC0415 (with other backends it is not needed)

    # Not Keras' predict: on a GPU it compiles with XLA, which takes longer.
    @tf.function
    def logits(L: tf.Tensor) -> tf.Tensor:
        return tf.cast(embedder(L, training=False), tf.float32)

    return lambda L: logits(tf.constant(L)).numpy()
