"""Export a trained model as a SavedModel, for programs that only run TensorFlow.

It maps `gray`, (N, S, S, 1) uint8, the sRGB values of gray photographs, to `ab`, (N, S, S, 2)
float32, CIE a* and b*. S is the image size of the training. A model that takes an embedding also
takes `square`, (N, H, W, 1) uint8, the photographs' center squares at the size that they have, from
which it computes the embedding.
"""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import ops

from colorization.backbones.weights import NAMED_WEIGHTS, weights_file
from colorization.color import lab
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder
from colorization.core.hashing import sha256_of
from colorization.core.model_records import TRAINING, Pretrained, TrainingRecord
from colorization.core.settings import Embed
from colorization.embedding import imagenet
from colorization.embedding.standardization import normalize, read_normalization
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.packaging.embedder_record import check_embedding
from colorization.packaging.manifest import STANDARDIZATION
from colorization.packaging.to_onnx import as_float32
from colorization.photos import model_input

FILES = {"assets", "fingerprint.pb", "saved_model.pb", "variables"}

Embedding = Callable[[keras.KerasTensor], keras.KerasTensor]


def export(model: Path, params: Path, out: Path) -> None:
    """Write a trained model as a SavedModel.

    Parameters
    ----------
    model : Path
        A model directory.
    params : Path
        The params file; `embed` is used for models that take an embedding.
    out : Path
        The folder; replaced if it only contains a SavedModel.

    Raises
    ------
    ColorizationError
        If the model cannot be loaded, `embed` differs from the network or weights of its training,
        or the folder contains other files.
    """
    if out.is_file():
        raise ColorizationError(f"{out} is a file; use a folder")
    if out.exists() and {entry.name for entry in out.iterdir()} - FILES:
        raise ColorizationError(f"{out} contains other files; use another folder")
    training = TrainingRecord.read(model / TRAINING)
    embed = None
    if training.embedding:
        settings = Embed.load(params)
        check_embedding(model, training.embedding, _identify(settings), params)
        embed = _embedding(model, settings)
    joined = from_gray_to_ab(load_model(model), training.image_size, embed)
    with atomic_folder(out) as folder:
        joined.export(folder, verbose=False)


def from_gray_to_ab(
    model: keras.Model,
    side: int,
    embed: Embedding | None,
) -> keras.Model:
    """Combine conversion to L, embedding and colorization in a float32 model with one input.

    Parameters
    ----------
    model : keras.Model
        From L, and an embedding if it takes one, to ab. Vividness is set to its default.
    side : int
        Side of its images, px.
    embed : callable or None
        From L of squares of any size to the embedding; None if the model takes none.

    Returns
    -------
    keras.Model
        From `gray`, (N, side, side, 1) uint8, and `square`, (N, H, W, 1) uint8, if `embed` is
        given, to `ab`, (N, side, side, 2) float32, CIE.
    """
    given = [keras.Input((side, side, 1), dtype="uint8", name="gray")]
    L = luminance(given[0])
    inputs = [L]
    if embed is not None:
        given.append(keras.Input((None, None, 1), dtype="uint8", name="square"))
        inputs.append(embed(luminance(given[1])))
    if adjustable := AdjustableModel.of(model):
        inputs.append(ops.full_like(L[:, 0, 0], adjustable.default))
    ab = as_float32(model)(inputs, training=False) * lab.AB_SCALE
    return keras.Model(given, {"ab": ab})


def _identify(settings: Embed) -> Pretrained:
    weights = settings.weights
    if weights not in NAMED_WEIGHTS:
        weights = sha256_of(weights_file(weights, "embed.weights"))
    return Pretrained(network=settings.network, weights=weights)


def _embedding(model: Path, settings: Embed) -> Embedding:
    """Build the function from L, squares of any size, to the model's embeddings."""
    embedder = imagenet.build_embedder(settings)
    mean_and_deviation = read_normalization(model / STANDARDIZATION)
    image_size = imagenet.NETWORKS[settings.network].image_size

    def embed(L: keras.KerasTensor) -> keras.KerasTensor:
        return normalize(embedder(resize(L, image_size)), mean_and_deviation)

    return embed


def luminance(gray: keras.KerasTensor) -> keras.KerasTensor:
    """Look up L of sRGB grays, (...) uint8, rounded as in the cached arrays."""
    grays = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=-1)
    return ops.take(model_input.luminance(grays).ravel(), ops.cast(gray, "int32"))


def resize(L: keras.KerasTensor, side: int) -> keras.KerasTensor:
    """Resize squares of any size, (N, H, W, 1), within a model; see `resizing.resize_square`."""
    return ops.image.resize(L, (side, side), interpolation="bilinear", antialias=True)
