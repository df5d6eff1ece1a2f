"""A packaged model, verified and loaded."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from colorization.backbones.weights import NAMED
from colorization.colorizing.manifest import Embedding, Manifest, read_manifest, sha256_of
from colorization.core.errors import ColorizationError
from colorization.embedding import imagenet
from colorization.networks.directory import load_model
from colorization.settings.embed import Embed


@dataclass(frozen=True)
class Embedder:
    """The network whose logits a model takes, and how they are standardised before.

    Attributes
    ----------
    params : Embed
        See `imagenet.build_embedder`.
    mean_and_deviation : (2, 1000) float32 array
        See `imagenet.normalize`.
    """

    params: Embed
    mean_and_deviation: np.ndarray

    @property
    def image_size(self) -> int:
        """The embedding network's own, in px."""
        return imagenet.NETWORKS[self.params.network].image_size


@dataclass(frozen=True)
class Unpacked:
    """What a package holds.

    Attributes
    ----------
    model : keras.Model
        From L, and an embedding where there is an embedder, to ab.
    image_size : int
        In px, of the squares that it was trained on.
    embedder : Embedder or None
    """

    model: keras.Model
    image_size: int
    embedder: Embedder | None


def unpack(folder: Path, embedding_weights: str | Path | None = None) -> Unpacked:
    """Verify and load a package.

    Parameters
    ----------
    folder : Path
        That the stage `package` made, here or elsewhere.
    embedding_weights : path, optional
        The weights file of the embedding network, where it is no longer where it was in training.

    Returns
    -------
    Unpacked

    Raises
    ------
    ColorizationError
        If the package is not whole or not what was packaged, or the embedding network's weights
        cannot be found.
    """
    manifest = read_manifest(folder)
    model = load_model(folder)
    inputs = [tuple(tensor.shape) for tensor in model.inputs]
    wanted = [(None, None, None, 1)] + ([(None, imagenet.CLASSES)] if manifest.embedding else [])
    if inputs != wanted or tuple(model.output.shape)[-1] != 2:
        raise ColorizationError(f"{folder}: the model does not lead from L to ab")
    of = manifest.embedding
    embedder = None if of is None else _embedder(folder, manifest, of, embedding_weights)
    return Unpacked(model, manifest.image_size, embedder)


def _embedder(
    folder: Path, manifest: Manifest, of: Embedding, given: str | Path | None
) -> Embedder:
    if "embedding.npy" not in manifest.files:
        raise ColorizationError(f"{folder}: embedding.npy is missing; the package is not whole")
    params = Embed(
        network=of.network,
        weights=_weights(folder, of, given),
        seed=of.seed,
        batch_size=1,
        precision=of.precision,
    )
    try:
        mean_and_deviation = np.load(folder / "embedding.npy", allow_pickle=False)
    except ValueError as error:
        raise ColorizationError(f"{folder}: embedding.npy is no plain array") from error
    if mean_and_deviation.shape != (2, imagenet.CLASSES):
        raise ColorizationError(f"{folder}: embedding.npy has another shape than (2, 1000)")
    return Embedder(params, mean_and_deviation)


def _weights(folder: Path, of: Embedding, given: str | Path | None) -> str:
    """What `embed.weights` would be: found again the way training found them."""
    if of.weights in NAMED:
        return of.weights
    path = Path(given or of.path or "").expanduser()
    if not path.is_file():
        raise ColorizationError(
            f"{folder}: the weights of {of.network} that it was trained with are not at {path}; "
            "name the file with --embedding-weights"
        )
    if sha256_of(path) != of.weights:
        raise ColorizationError(
            f"{path} is not the weights file of {of.network} that {folder} was trained with "
            f"(sha256 {of.weights})"
        )
    return str(path)
