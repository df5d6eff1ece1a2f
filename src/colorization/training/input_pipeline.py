"""Makes the batches of a training, and the input pipeline for Keras."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import keras
import numpy as np

from colorization.dataset.examples import Examples
from colorization.training.aging import age

if TYPE_CHECKING:
    import tensorflow as tf

Target = Callable[[np.ndarray], np.ndarray]
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]


class Batches(keras.utils.PyDataset):
    """The batches of all epochs in a row; a batch's number alone determines its content.

    A batch is read from the memory-mapped arrays on demand. It consists of a model's inputs, as
    from `Examples.inputs`, and the target of its output.

    Parameters
    ----------
    examples : Examples
    target : callable
        Maps ab to the target; see `networks.objective.Objective`.
    batch_size : int
    epochs : int
    seed : int
        Seed and epoch together determine the order of an epoch's images.
    indices : (K,) int array, optional
        The images to use; all by default.
    flip : bool
        Mirror each image with a probability of one half in each epoch. The embedding stays that of
        the unmirrored image.
    crop : int
        Side of the square, px, that is cut out of each image, at a random place; 0 for the whole
        image. The embedding stays that of the whole image.
    aged : float
        Probability that an image is made to look old; see `aging`.
    devices : int
        Number of devices that share each batch. An epoch drops the remainder of the images that
        cannot be divided evenly among them.
    """

    def __init__(
        self,
        examples: Examples,
        target: Target,
        batch_size: int,
        epochs: int,
        seed: int,
        *,
        indices: np.ndarray | None = None,
        flip: bool = False,
        crop: int = 0,
        aged: float = 0.0,
        devices: int = 1,
    ) -> None:
        super().__init__()
        self._examples = examples
        self._target = target
        self._batch_size = batch_size
        self._epochs = epochs
        self._first_epoch = 0
        self._seed = seed
        self._flip = flip
        self._crop = crop
        self._aged = aged
        self._indices = np.arange(len(examples)) if indices is None else indices
        self.images = len(self._indices) - len(self._indices) % devices  # per epoch
        self._cached_draw = lru_cache(maxsize=2)(self._draw)  # prefetching crosses epochs

    def skip_epochs(self, epochs: int) -> None:
        """Skip the first `epochs`; the batches of the others do not change."""
        self._first_epoch = epochs

    @property
    def per_epoch(self) -> int:
        """Number of batches in an epoch; the last batch may be smaller."""
        return math.ceil(self.images / self._batch_size)

    def __len__(self) -> int:
        """Number of batches in all epochs that are not skipped."""
        return self.per_epoch * (self._epochs - self._first_epoch)

    def __getitem__(self, index: int) -> Batch:
        epoch, number = divmod(index, self.per_epoch)
        order, mirrored = self._cached_draw(self._first_epoch + epoch)
        batch = order[number * self._batch_size : (number + 1) * self._batch_size]
        chosen = self._indices[batch]
        L, *embeddings = self._examples.inputs(chosen)
        ab = self._examples.images.ab[chosen].astype(np.float32)
        for maps in (L, ab):
            maps[mirrored[batch]] = maps[mirrored[batch], :, ::-1]
        # NumPy appends zeros to seeds, so [seed, epoch, 0] would be that of `_draw`.
        stream = np.random.SeedSequence(self._seed, spawn_key=(self._first_epoch + epoch, number))
        rng = np.random.default_rng(stream)
        if self._crop:
            L, ab = _cut_out(L, ab, self._crop, rng)
        if self._aged:
            age(L, ab, self._aged, rng)
        return (L, *embeddings), self._target(ab)

    def _draw(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the order of an epoch's images, and whether each image is mirrored."""
        rng = np.random.default_rng([self._seed, epoch])
        order = rng.permutation(len(self._indices))
        mirrored = rng.random(len(self._indices)) < (0.5 if self._flip else 0)
        return order[: self.images], mirrored


def _cut_out(
    L: np.ndarray, ab: np.ndarray, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a square out of each image of a batch, at a random place."""
    places = rng.integers(0, np.array(L.shape[1:3]) - side, size=(len(L), 2), endpoint=True)
    squares = [np.s_[top : top + side, left : left + side] for top, left in places]
    return tuple(  # type: ignore[return-value]
        np.stack([image[square] for image, square in zip(maps, squares, strict=True)])
        for maps in (L, ab)
    )


def as_dataset(batches: Batches) -> "Batches | tf.data.Dataset":
    """Return the batches as a prefetching dataset for Keras' `fit`.

    It has one iterator for all epochs, and no autotuning, in contrast to the one that Keras makes
    of a `PyDataset`: the autotuner's thread may miss the signal to stop when an iterator ends, and
    sleep for as long as the epoch took.

    Returns
    -------
    tf.data.Dataset or Batches
        For `fit` with `steps_per_epoch=batches.per_epoch`; with other backends of Keras, the
        batches themselves.
    """
    if keras.config.backend() != "tensorflow":
        return batches
    import tensorflow as tf  # noqa: PLC0415 (other backends do not need it)

    first = batches[0]
    arrays = keras.tree.flatten(first)

    def read(index: tf.Tensor) -> tuple:
        tensors = tf.numpy_function(
            lambda number: keras.tree.flatten(batches[int(number)]),
            [index],
            [array.dtype for array in arrays],
        )
        for tensor, array in zip(tensors, arrays, strict=True):
            tensor.set_shape((None, *array.shape[1:]))
        return keras.tree.pack_sequence_as(first, tensors)

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.range(len(batches)).map(read).prefetch(2).with_options(options)
