"""The embedding of an image: the logits of an ImageNet network that sees its luminance alone.

Section 2.4 of the paper: the luminance, scaled to the network's size and stacked three times, and
"the output of the last layer before the softmax function".
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import ops

from colorization.errors import ColorizationError
from colorization.params import Embed
from colorization.progress import progress

EMBEDDING_LENGTH = 1000  # ImageNet's classes


@dataclass(frozen=True)
class Network:
    """An ImageNet classifier of `keras.applications`."""

    build: Callable[..., keras.Model]
    preprocess: Callable
    image_size: int  # px, the size it was trained at


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
    ),
}


def build_embedder(params: Embed) -> keras.Model:
    """Build the network that embeds images.

    Parameters
    ----------
    params : Embed
        `weights` is "random" (drawn from `seed`), "imagenet" (Keras downloads and verifies them),
        or the path of a weights file.

    Returns
    -------
    keras.Model
        From L, (N, H, W, 1) in [-1, 1], to logits, (N, 1000). Nothing in it sees colour.

    Raises
    ------
    ColorizationError
        If the weights cannot be had, or belong to another network.
    """
    network = NETWORKS[params.network]
    classifier = _build_classifier(params)
    L = keras.Input((None, None, 1), name="L")
    resized = ops.image.resize(L, (network.image_size, network.image_size), antialias=True)
    grey = ops.clip((resized + 1) * 127.5, 0, 255)  # L* x 2.55
    logits = classifier(network.preprocess(ops.repeat(grey, 3, axis=-1)), training=False)
    return keras.Model(L, logits, name=f"{params.network}_embedder")


def _build_classifier(params: Embed) -> keras.Model:
    build = NETWORKS[params.network].build
    if params.weights == "imagenet":
        try:
            return build(weights="imagenet", classifier_activation=None)
        except Exception as error:  # Keras raises a bare Exception when a download fails.
            raise ColorizationError(
                f"embed.weights: cannot download the ImageNet weights of {params.network} "
                f"({_one_line(error)}); put the file into ~/.keras/models, name its path as "
                "embed.weights, or use random"
            ) from error
    keras.utils.set_random_seed(params.seed)
    classifier = build(weights=None, classifier_activation=None)
    if params.weights != "random":
        load_weights(classifier, Path(params.weights).expanduser(), params.network)
    return classifier


def load_weights(network: keras.Model, path: Path, name: str) -> None:
    """Load a weights file in a format that Keras writes.

    Parameters
    ----------
    network : keras.Model
    path : Path
        `.weights.h5`, or the older `.h5` that Keras publishes.
    name : str
        The network's name, for the message.

    Raises
    ------
    ColorizationError
        If the file cannot be read, or belongs to another network.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it skips; it raises for what is missing
            network.load_weights(path)
    except (ValueError, OSError, KeyError, IndexError, AttributeError) as error:
        raise ColorizationError(
            f"embed.weights: {path} does not hold weights of {name} ({_one_line(error)})"
        ) from error


def embed(embedder: keras.Model, L: np.ndarray, batch_size: int, what: str) -> np.ndarray:
    """Embed images in batches.

    Parameters
    ----------
    embedder : keras.Model
        As `build_embedder` returns it.
    L : (N, H, W, 1) float array
        In [-1, 1].
    batch_size : int
    what : str
        Shown with the progress.

    Returns
    -------
    (N, 1000) float32 array
        Logits.
    """
    starts = range(0, len(L), batch_size)
    # One shape for all batches, the last one padded: each new shape would be traced anew.
    batches = (_padded(L[start : start + batch_size], batch_size) for start in starts)
    logits = [
        np.asarray(embedder.predict_on_batch(batch))
        for batch in progress(batches, what, len(starts))
    ]
    return np.concatenate(logits)[: len(L)].astype(np.float32)


def _padded(batch: np.ndarray, batch_size: int) -> np.ndarray:
    missing = batch_size - len(batch)
    return np.pad(batch.astype(np.float32), ((0, missing), (0, 0), (0, 0), (0, 0)), mode="edge")


def normalization(logits: np.ndarray, weights: str) -> np.ndarray:
    """Mean and deviation by which embeddings are standardised before they are used.

    Parameters
    ----------
    logits : (N, 1000) float32 array
        Of the training split.
    weights : str
        `embed.weights`. Random networks give logits of any magnitude, down to 1e-12, so theirs are
        standardised; real weights keep their raw logits, as in the paper.

    Returns
    -------
    (2, 1000) float32 array
        Mean and deviation; zeros and ones where nothing is standardised.
    """
    mean, deviation = np.zeros(logits.shape[1]), np.ones(logits.shape[1])
    if weights == "random":
        mean = logits.mean(axis=0, dtype=np.float64)
        deviation = logits.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1
    return np.stack([mean, deviation]).astype(np.float32)


def normalize(logits: np.ndarray, mean_and_deviation: np.ndarray) -> np.ndarray:
    """Standardise logits: the embedding as the models take it, (N, 1000) float32."""
    mean, deviation = mean_and_deviation
    return (logits - mean) / deviation


def _one_line(error: Exception) -> str:
    """A library's message, without its line breaks and not at any length."""
    return " ".join(str(error).split())[:400]
