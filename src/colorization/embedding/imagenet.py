"""Computes embeddings: an ImageNet network's logits for the luminance of an image.

Section 2.4 of the paper: the network takes the luminance, scaled to the network's size and stacked
three times; the embedding is "the output of the last layer before the softmax function".
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import keras
import numpy as np
from keras import ops

from colorization.backbones.folding import fold_normalization
from colorization.backbones.precision import choose_precision
from colorization.backbones.pretrained import build_pretrained
from colorization.core.progress import progress_bar
from colorization.core.settings import Embed
from colorization.embedding import resizing
from colorization.embedding.standardization import CLASSES

# One image's row in a checkpoint.
_ROW = np.dtype([("logits", np.float32, CLASSES), ("sha256", np.uint8, 32)])

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
        Maps L, (N, S, S, 1) in [-1, 1], to logits, (N, 1000); S is the network's `image_size`, see
        `resizing.resize_square`. Batch normalizations are folded into the convolutions.

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


def embed(
    predict: Predict,
    L: np.ndarray,
    image_size: int,
    batch_size: int,
    checkpoint: Path,
    label: str,
) -> np.ndarray:
    """Embed images in batches; resume from the checkpoint of an interrupted call.

    If a row of the checkpoint is corrupt, such as after a power loss, it resumes from there.

    Parameters
    ----------
    predict : callable
        Returned by `compile_embedder`.
    L : (N, H, W, 1) float array
        In [-1, 1].
    image_size : int
        Side of the network's input in px; each batch is resized to it.
    batch_size : int
    checkpoint : Path
        A file for the logits of the batches so far, created if missing; the caller removes it. Its
        name must be unique to this computation.
    label : str
        The label of the progress bar.

    Returns
    -------
    (N, 1000) float32 array
        Logits.
    """
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    with checkpoint.open("a+b") as file:
        restored = _read_checkpoint(file, checkpoint, len(L))
        complete = len(restored) == len(L)
        done = len(L) if complete else len(restored) // batch_size * batch_size
        file.truncate(done * _ROW.itemsize)
        logits = [restored[:done]]
        with progress_bar(label, len(L), initial=done) as bar:
            for batch in _read_ahead(L[done:], image_size, batch_size):
                # The last batch is padded: each new shape would be traced again.
                logits.append(predict(_padded(batch, batch_size))[: len(batch)])
                file.write(_rows(logits[-1], done, checkpoint).tobytes())
                file.flush()  # an unbuffered write might write only some rows, without an error
                done += len(batch)
                bar.update(len(batch))
    return np.concatenate(logits)


def _rows(logits: np.ndarray, first: int, checkpoint: Path) -> np.ndarray:
    """Return rows of the checkpoint: logits, and a hash of logits, index and file name."""
    rows = np.empty(len(logits), _ROW)
    rows["logits"] = logits
    for index, row in enumerate(rows, first):
        sha256 = hashlib.sha256(f"{checkpoint.name} {index} ".encode() + row["logits"].tobytes())
        row["sha256"] = np.frombuffer(sha256.digest(), np.uint8)
    return rows


def _read_checkpoint(file: BinaryIO, checkpoint: Path, images: int) -> np.ndarray:
    """Read the logits of the first images, up to the first corrupt row."""
    file.seek(0)
    content = file.read(images * _ROW.itemsize)
    rows = np.frombuffer(content, _ROW, len(content) // _ROW.itemsize)
    expected = _rows(rows["logits"], 0, checkpoint)
    corrupt = np.flatnonzero((rows["sha256"] != expected["sha256"]).any(axis=1))
    if not len(corrupt):
        return rows["logits"]
    print(f"{checkpoint}: corrupt after {corrupt[0]} images; resuming from there", flush=True)
    return rows["logits"][: corrupt[0]]


def _read_ahead(L: np.ndarray, image_size: int, batch_size: int) -> Iterator[np.ndarray]:
    """Yield resized batches; read each while the previous one is computed."""

    def read(start: int) -> np.ndarray:
        return resizing.resize_square(L[start : start + batch_size].astype(np.float32), image_size)

    with ThreadPoolExecutor(1) as reader:
        next_batch = reader.submit(read, 0)
        for start in range(batch_size, len(L) + batch_size, batch_size):
            batch = next_batch.result()
            next_batch = reader.submit(read, start)  # empty after the last one
            yield batch


def _padded(batch: np.ndarray, batch_size: int) -> np.ndarray:
    missing = batch_size - len(batch)
    return np.pad(batch, ((0, missing), (0, 0), (0, 0), (0, 0)), mode="edge")
