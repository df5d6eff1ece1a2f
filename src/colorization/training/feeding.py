"""The batches of a training, and how Keras gets them."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import keras
import numpy as np

from colorization.dataset.examples import Examples

if TYPE_CHECKING:
    import tensorflow as tf

Target = Callable[[np.ndarray], np.ndarray]
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]


class Batches(keras.utils.PyDataset):
    """The batches of all epochs, one after another; each depends on its number alone.

    They are arrays, made from the memory-mapped ones as they are needed: the inputs of a model as
    `Examples.inputs` gives them, and what its output is compared with.

    Parameters
    ----------
    examples : Examples
    target : callable
        From ab to what the output is compared with; see `networks.objective.Objective`.
    batch_size : int
    epochs : int
    seed : int
        Shuffles each epoch in an order of its own, from seed and epoch.
    used : (K,) int array, optional
        Which of the images; all, unless it is given.
    flip : bool
        Mirror half of the images, drawn anew in each epoch. The embedding stays that of the
        unmirrored image.
    devices : int
        That share each batch: what no device would share of an epoch is left out.
    """

    def __init__(
        self,
        examples: Examples,
        target: Target,
        batch_size: int,
        epochs: int,
        seed: int,
        *,
        used: np.ndarray | None = None,
        flip: bool = False,
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
        self._used = np.arange(len(examples)) if used is None else used
        self.images = len(self._used) - len(self._used) % devices  # of an epoch
        self._drawn = lru_cache(maxsize=2)(self._draw)  # while one epoch ends, the next one begins

    def go_on_after(self, epochs: int) -> None:
        """Leave out so many epochs; those that follow stay the same."""
        self._first_epoch = epochs

    @property
    def per_epoch(self) -> int:
        """Batches of an epoch; the last one may be smaller."""
        return math.ceil(self.images / self._batch_size)

    def __len__(self) -> int:
        """Batches of all epochs."""
        return self.per_epoch * (self._epochs - self._first_epoch)

    def __getitem__(self, index: int) -> Batch:
        epoch, number = divmod(index, self.per_epoch)
        order, mirrored = self._drawn(self._first_epoch + epoch)
        chosen = order[number * self._batch_size : (number + 1) * self._batch_size]
        L, *embeddings = self._examples.inputs(chosen)
        ab = self._examples.images.ab[chosen].astype(np.float32)
        for maps in (L, ab):
            maps[mirrored[chosen]] = maps[mirrored[chosen], :, ::-1]
        return (L, *embeddings), self._target(ab)

    def _draw(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The images of an epoch in their order, and for each image whether it is mirrored."""
        rng = np.random.default_rng([self._seed, epoch])
        order = self._used[rng.permutation(len(self._used))]
        mirrored = rng.random(len(self._examples)) < (0.5 if self._flip else 0)
        return order[: self.images], mirrored


def feed(batches: Batches) -> "Batches | tf.data.Dataset":
    """Prepare batches for Keras' `fit`, each read while the one before is computed.

    With TensorFlow a `tf.data` pipeline of our own. The one that Keras would make tunes itself, in
    a thread which, when an iterator ends, may miss that it is to stop and sleep on: up to as long
    again as the epoch took. Here nothing can be tuned, and one iterator serves all epochs.

    Returns
    -------
    tf.data.Dataset or Batches
        For `fit` with `steps_per_epoch=batches.per_epoch`; the batches themselves with other
        backends of Keras.
    """
    if keras.config.backend() != "tensorflow":
        return batches
    import tensorflow as tf  # noqa: PLC0415 (with other backends it is not needed)

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
