"""A packaged model that colorizes photographs of any size."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops
from PIL import Image

from colorization import arrays, embedding, images, lab, originals
from colorization.errors import ColorizationError
from colorization.manifest import Embedding, Manifest, read_manifest, sha256_of
from colorization.models.directory import load_model
from colorization.params import Embed

LONGEST = 4.0  # times the shorter side; a longer strip is squashed
STEP = 32  # px; the networks halve each side up to five times


class Colorizer:
    """Colorizes photographs.

    Attributes
    ----------
    image_size : int
        The shorter side, in px, of what the network sees.

    Parameters
    ----------
    model : keras.Model
    image_size : int
    embed : callable or None
        From L, (N, S, S, 1) at the embedding network's size S, to embeddings as the model takes
        them; None for a model that takes none.
    embedding_size : int
        S.
    """

    def __init__(
        self,
        model: keras.Model,
        image_size: int,
        embed: embedding.Predict | None,
        embedding_size: int,
    ) -> None:
        self.image_size = image_size
        self._model = model
        self._embed = embed
        self._embedding_size = embedding_size
        self._compiled_for: set[int] = set()  # numbers of images

    def __call__(
        self, image: np.ndarray | Image.Image | str | Path, saturation: float = 1.0
    ) -> Image.Image:
        """Colorize one photograph.

        Parameters
        ----------
        image : array, PIL image or path
            An array is (H, W) or (H, W, 3), uint8, sRGB. Whatever colours there are, only L is
            looked at.
        saturation : float
            What the predicted a and b are multiplied by.

        Returns
        -------
        Image.Image
            Mode RGB, sRGB, upright, of the photograph's size, with its own L.

        Raises
        ------
        ColorizationError
            If it cannot be decoded.
        """
        if isinstance(image, (str, Path)):
            rgb = originals.read_original(Path(image)).rgb
        else:
            opened = Image.fromarray(image) if isinstance(image, np.ndarray) else image.copy()
            rgb = images.to_srgb(images.without_alpha(opened)[0])
        return originals.join(rgb, saturation * self.predict([self.see(rgb)])[0])

    def see(self, rgb: Image.Image, size: tuple[int, int] | None = None) -> np.ndarray:
        """Give L as the network sees a photograph: aspect kept, the shorter side at `image_size`.

        Parameters
        ----------
        rgb : Image.Image
            Mode RGB, sRGB.
        size : (int, int), optional
            Width and height of the photograph, if `rgb` is a smaller decoding of it.

        Returns
        -------
        (H, W, 1) float32 array
        """
        squashed = rgb.resize(
            seen_size(size or rgb.size, self.image_size), Image.Resampling.BICUBIC
        )
        # As float16, like the cached arrays that the model was trained and scored on.
        return lab.rgb_to_lab(np.asarray(squashed), arrays.CACHE_DTYPE)[0].astype(np.float32)

    def predict(self, seen: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Predict ab.

        Parameters
        ----------
        seen : sequence of (H, W, 1) float32 arrays
            As `see` gives them, of any shapes.

        Returns
        -------
        list of (H, W, 2) float32 arrays
            CIE a*, b* / AB_SCALE.
        """
        embeddings = self._embeddings(seen)
        found: list[np.ndarray] = [np.empty(0)] * len(seen)
        for shape in dict.fromkeys(L.shape for L in seen):
            alike = [index for index, L in enumerate(seen) if L.shape == shape]
            inputs = [np.stack([seen[index] for index in alike])]
            if embeddings is not None:
                inputs.append(embeddings[alike])
            for index, ab in zip(alike, self._model.predict_on_batch(inputs), strict=True):
                found[index] = np.asarray(ab, np.float32)
        return found

    def _embeddings(self, seen: Sequence[np.ndarray]) -> np.ndarray | None:
        if self._embed is None:
            return None
        side = (self._embedding_size, self._embedding_size)
        squares = np.concatenate(
            [
                np.asarray(ops.image.resize(L[None], side, antialias=True))  # as the embedder does
                for L in seen
            ]
        )
        # Compiling for another number of images takes longer than embedding some too many.
        known = [number for number in self._compiled_for if number >= len(seen)]
        number = min(known, default=len(seen))
        self._compiled_for.add(number)
        padding = ((0, number - len(seen)), (0, 0), (0, 0), (0, 0))
        return self._embed(np.pad(squares, padding, mode="edge"))[: len(seen)]


def seen_size(size: tuple[int, int], image_size: int) -> tuple[int, int]:
    """Width and height, in px, at which the network sees a photograph of some size."""
    width, height = size
    ratio = min(max(width, height) / min(width, height), LONGEST)
    longer = max(image_size, STEP * round(image_size * ratio / STEP))
    return (longer, image_size) if width >= height else (image_size, longer)


def load(model: str | Path, embedding_weights: str | Path | None = None) -> Colorizer:
    """Load a packaged model.

    Parameters
    ----------
    model : path
        A folder that the stage `package` made, here or elsewhere.
    embedding_weights : path, optional
        The weights file of the embedding network, where it is no longer where it was in training.

    Returns
    -------
    Colorizer

    Raises
    ------
    ColorizationError
        If the package is not whole or not what was packaged, or the embedding network's weights
        cannot be found.
    """
    folder = Path(model)
    manifest = read_manifest(folder)
    network = load_model(folder)
    inputs = [tuple(tensor.shape) for tensor in network.inputs]
    wanted = [(None, None, None, 1)] + ([(None, embedding.CLASSES)] if manifest.embedding else [])
    if inputs != wanted or tuple(network.output.shape)[-1] != 2:
        raise ColorizationError(f"{folder}: the model does not lead from L to ab")
    if manifest.embedding is None:
        return Colorizer(network, manifest.image_size, None, 0)
    embed = _embedder(folder, manifest, manifest.embedding, embedding_weights)
    size = embedding.NETWORKS[manifest.embedding.network].image_size
    return Colorizer(network, manifest.image_size, embed, size)


def _embedder(
    folder: Path, manifest: Manifest, of: Embedding, given: str | Path | None
) -> embedding.Predict:
    """From L at the network's own size to embeddings as the model takes them."""
    if "embedding.npy" not in manifest.files:
        raise ColorizationError(f"{folder}: embedding.npy is missing; the package is not whole")
    params = Embed(
        network=of.network,
        weights=_weights(folder, of, given),
        seed=of.seed,
        batch_size=1,
        precision="float32",
    )
    logits = embedding.with_constant_weights(embedding.build_embedder(params))
    try:
        mean_and_deviation = np.load(folder / "embedding.npy", allow_pickle=False)
    except ValueError as error:
        raise ColorizationError(f"{folder}: embedding.npy is no plain array") from error
    if mean_and_deviation.shape != (2, embedding.CLASSES):
        raise ColorizationError(f"{folder}: embedding.npy has another shape than (2, 1000)")
    return lambda L: embedding.normalize(logits(L), mean_and_deviation)


def _weights(folder: Path, of: Embedding, given: str | Path | None) -> str:
    """What `embed.weights` would be: found again the way training found them."""
    if of.weights in ("random", "imagenet"):
        return of.weights
    path = Path(given or of.path or "")
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
