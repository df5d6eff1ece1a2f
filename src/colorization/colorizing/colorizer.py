"""A packaged model that colorizes photographs of any size."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.unpacking import Embedder, unpack
from colorization.core.errors import ColorizationError
from colorization.embedding import imagenet
from colorization.imaging import decoding, view
from colorization.networks.dial import Dialled

Predict = Callable[..., np.ndarray]  # of one array for each input of a model

Photograph = np.ndarray | Image.Image | str | Path


class Colorizer:
    """Colorizes photographs.

    Attributes
    ----------
    image_size : int
        The shorter side, in px, of what the network sees.
    vividness : float or None
        Where the model's dial stands by default, in [0, 1]; None where it has none.

    Parameters
    ----------
    model : keras.Model
    image_size : int
    embedder : Embedder or None
        None for a model that takes no embedding.
    """

    def __init__(self, model: keras.Model, image_size: int, embedder: Embedder | None) -> None:
        self.image_size = image_size
        dialled = Dialled.of(model)
        self.vividness = dialled.default if dialled else None
        self._predict_ab = _for_any_shape(model)
        self._embedder = embedder
        if embedder is not None:
            params = embedder.params
            self._predict_logits = _for_any_shape(imagenet.build_embedder(params, params.precision))

    def __call__(
        self, image: Photograph, saturation: float = 1.0, vividness: float | None = None
    ) -> Image.Image:
        """Colorize one photograph.

        Parameters
        ----------
        image : array, PIL image or path
            An array is (H, W), (H, W, 3) or, with transparency, (H, W, 4), uint8, sRGB. Whatever
            colours there are, only L is looked at; see `see`.
        saturation : float
            What the predicted a and b are multiplied by.
        vividness : float, optional
            See `predict`.

        Returns
        -------
        Image.Image
            Mode RGB, sRGB, upright, of the photograph's size, with its own L, also where
            transparency hides it.

        Raises
        ------
        ColorizationError
            If it cannot be decoded, or as `predict`.
        """
        ab = self.predict([self.see(image)], vividness)[0]
        if isinstance(image, (str, Path)):
            rgb = originals.read_original(Path(image)).rgb
        else:
            rgb = decoding.to_srgb_with_alpha(_in_memory(image))
        joined = originals.join(rgb, saturation * ab)
        return joined.convert("RGB") if joined.mode == "RGBA" else joined

    def see(self, image: Photograph) -> np.ndarray:
        """Give L as the network sees a photograph: aspect kept, the shorter side at `image_size`.

        Parameters
        ----------
        image : array, PIL image or path
            As to `__call__`. Transparency is laid on white. A file is decoded as in training, a
            large JPEG at a fraction of its size; of an array or a PIL image, the pixels count as
            they are, which for a large JPEG gives another L, by about 1 of L* in fine noise.

        Returns
        -------
        (H, W, 1) float32 array
            CIE L* / 50 - 1, of `view.seen_size`.

        Raises
        ------
        ColorizationError
            If it cannot be decoded.
        """
        if isinstance(image, (str, Path)):
            with originals.open_file(Path(image)) as file:
                rgb = view.whole(file, self.image_size)
        else:
            rgb = view.whole_image(_in_memory(image), self.image_size)
        return view.luminance(rgb)

    def predict(
        self, seen: Sequence[np.ndarray], vividness: float | None = None
    ) -> list[np.ndarray]:
        """Predict ab.

        Parameters
        ----------
        seen : sequence of (H, W, 1) float32 arrays
            As `see` gives them, of any shapes.
        vividness : float, optional
            Where a model's dial is turned to: from 0, the colours that are closest on average, to
            1, as colourful as photographs are. Where it stands by default, unless it is given.

        Returns
        -------
        list of (H, W, 2) float32 arrays
            CIE a*, b* / AB_SCALE.

        Raises
        ------
        ColorizationError
            If the model has no dial, or it does not go so far.
        """
        position = self._position(vividness)
        embeddings = self._embeddings(seen)
        found: list[np.ndarray] = [np.empty(0)] * len(seen)
        for shape in dict.fromkeys(L.shape for L in seen):
            alike = [index for index, L in enumerate(seen) if L.shape == shape]
            inputs = [np.stack([seen[index] for index in alike])]
            if embeddings is not None:
                inputs.append(embeddings[alike])
            if position is not None:
                inputs.append(np.full((len(alike), 1), position, np.float32))
            for index, ab in zip(alike, self._predict_ab(*inputs), strict=True):
                found[index] = ab
        return found

    def _position(self, vividness: float | None) -> float | None:
        if vividness is None:
            return self.vividness
        if self.vividness is None:
            raise ColorizationError("this model has no vividness to choose; use saturation")
        if not 0 <= vividness <= 1:
            raise ColorizationError(f"vividness must be from 0 to 1; found {vividness}")
        return vividness

    def _embeddings(self, seen: Sequence[np.ndarray]) -> np.ndarray | None:
        if self._embedder is None:
            return None
        squares = np.stack([view.square_for(L, self._embedder.image_size) for L in seen])
        logits = self._predict_logits(squares)
        return imagenet.normalize(logits, self._embedder.mean_and_deviation)


def _in_memory(image: np.ndarray | Image.Image) -> Image.Image:
    """An image with all its pixels, to do with as one likes."""
    return Image.fromarray(image) if isinstance(image, np.ndarray) else image.copy()


def _for_any_shape(model: keras.Model) -> Predict:
    # TensorFlow compiles once for all shapes and numbers of images, where Keras' own predict would
    # compile anew, for seconds and into more memory.
    if keras.config.backend() != "tensorflow":
        return lambda *inputs: np.asarray(model.predict_on_batch(list(inputs)), np.float32)
    import tensorflow as tf  # noqa: PLC0415 (with other backends it is not needed)

    signature = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs]

    @tf.function(input_signature=signature)
    def predict(*inputs: tf.Tensor) -> tf.Tensor:
        outputs = model(keras.tree.pack_sequence_as(model.input, inputs), training=False)
        return tf.cast(outputs, tf.float32)

    return lambda *inputs: predict(*map(tf.constant, inputs)).numpy()


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
    unpacked = unpack(Path(model), embedding_weights)
    return Colorizer(unpacked.model, unpacked.image_size, unpacked.embedder)
