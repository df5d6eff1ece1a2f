"""A packaged model, verified and loaded."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from colorization.backbones.weights import NAMED
from colorization.colorizing.contents import read_standardization
from colorization.colorizing.manifest import Embedding, read_manifest
from colorization.core.errors import ColorizationError, reason
from colorization.core.hashing import sha256_of
from colorization.embedding import imagenet
from colorization.networks.dial import VIVIDNESS
from colorization.networks.directory import load_model
from colorization.settings.embed import Embed

SMALLEST = 32  # px, a side; see `variant.Variant`
LARGEST = (
    2**26
)  # numbers in an array of a model, for a photograph of that side; weights are such too


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
        From L, an embedding where there is an embedder, and the dial's position where it has one,
        to ab.
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
    _check(folder, model, sees_embedding=manifest.embedding is not None)
    of = manifest.embedding
    embedder = None
    if of is not None:
        embedder = Embedder(_embed(folder, of, embedding_weights), read_standardization(folder))
    return Unpacked(model, manifest.image_size, embedder)


def _check(folder: Path, model: keras.Model, *, sees_embedding: bool) -> None:
    """Refuse a model that does not lead from L, and an embedding, to ab of the same size."""
    ab = (None, None, None, 2)
    lengths = [imagenet.CLASSES] if sees_embedding else []  # of what is given beside L
    if any(tensor.name == VIVIDNESS for tensor in model.inputs):
        lengths.append(1)
    wanted = [(None, None, None, 1), *((None, length) for length in lengths)]
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    dtypes = {tensor.dtype for tensor in model.inputs}
    if shapes != [*wanted, ab] or dtypes != {"float32"}:
        raise ColorizationError(f"{folder}: the model does not lead from L to ab")
    square = (1, SMALLEST, SMALLEST)
    given = [np.zeros((*square, 1), np.float32)]
    given += [np.zeros((1, length), np.float32) for length in lengths]
    # Its layers are of anybody's choice: what they cannot do may show only now, in any exception.
    try:
        allowed = max(LARGEST, model.count_params())  # weights are arrays too
        if (largest := _largest_array(model, given)) > allowed:
            raise ValueError(f"it makes {largest} numbers of {SMALLEST} x {SMALLEST} pixels")
        found = np.asarray(model(given, training=False), np.float32)
    except Exception as error:
        raise ColorizationError(f"{folder}: the model cannot be used ({reason(error)})") from error
    if found.shape != (*square, 2) or not np.isfinite(found).all():
        raise ColorizationError(f"{folder}: the model does not lead from L to ab")


def _largest_array(model: keras.Model, given: list[np.ndarray]) -> int:
    """Tell how many numbers the largest array within a model would have, without computing."""
    if keras.config.backend() != "tensorflow":
        return 0
    import tensorflow as tf  # noqa: PLC0415 (with other backends it is not needed)

    predict = tf.function(lambda *inputs: model(list(inputs), training=False), autograph=False)
    operations = predict.get_concrete_function(*given).graph.get_operations()
    arrays = (array for operation in operations for array in operation.outputs)
    return max(array.shape.num_elements() or 0 for array in arrays)


def _embed(folder: Path, of: Embedding, given: str | Path | None) -> Embed:
    return Embed(
        network=of.network,
        weights=_weights(folder, of, given),
        seed=of.seed,
        batch_size=1,
        precision=of.precision,
    )


def _weights(folder: Path, of: Embedding, given: str | Path | None) -> str:
    """What `embed.weights` would be: found again the way training found them."""
    if of.weights in NAMED:
        return of.weights
    path = Path(given or of.path or "")
    try:
        path = path.expanduser()
        # By its ending alone a package cannot have /proc/kcore read, which is without end.
        found = path.name.endswith(".h5") and path.is_file()
        sha256 = sha256_of(path) if found else None
    except (OSError, RuntimeError):  # RuntimeError: ~ of nobody
        sha256 = None
    if sha256 is None:
        raise ColorizationError(
            f"{folder}: the weights of {of.network} that it was trained with are not at {path}; "
            "name the file with --embedding-weights"
        )
    if sha256 != of.weights:
        raise ColorizationError(
            f"{path} is not the weights file of {of.network} that {folder} was trained with "
            f"(sha256 {of.weights})"
        )
    return str(path)
