"""The batches of a training, and the pipeline that gives them to Keras."""

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
    """The batches of all epochs in a row; a batch's number alone determines its content.

    A batch is made from the memory-mapped arrays when it is needed. It holds the inputs of a model,
    as `Examples.inputs` gives them, and the target that the model's output is compared with.

    Parameters
    ----------
    examples : Examples
    target : callable
        Gives the target from ab; see `networks.objective.Objective`.
    batch_size : int
    epochs : int
    seed : int
        Seed and epoch together determine the order of an epoch's images.
    used : (K,) int array, optional
        Indices of the images to use; all by default.
    flip : bool
        Mirror about half of the images, drawn anew in each epoch. The embedding stays that of the
        unmirrored image.
    devices : int
        Number of devices that share each batch. An epoch leaves out the images that remain when
        they are divided evenly among the devices.
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
        self.images = len(self._used) - len(self._used) % devices  # per epoch
        self._drawn = lru_cache(maxsize=2)(self._draw)  # prefetching reaches into the next epoch

    def go_on_after(self, epochs: int) -> None:
        """Skip the first `epochs`; the batches of the others stay the same."""
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
        order, mirrored = self._drawn(self._first_epoch + epoch)
        batch = order[number * self._batch_size : (number + 1) * self._batch_size]
        chosen = self._used[batch]
        L, *embeddings = self._examples.inputs(chosen)
        ab = self._examples.images.ab[chosen].astype(np.float32)
        for maps in (L, ab):
            maps[mirrored[batch]] = maps[mirrored[batch], :, ::-1]
        return (L, *embeddings), self._target(ab)

    def _draw(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the order of an epoch's images, and for each image whether it is mirrored."""
        rng = np.random.default_rng([self._seed, epoch])
        order = rng.permutation(len(self._used))
        mirrored = rng.random(len(self._used)) < (0.5 if self._flip else 0)
        return order[: self.images], mirrored


def feed(batches: Batches) -> "Batches | tf.data.Dataset":
    """Prepare batches for Keras' `fit`; each is read while the one before is computed.

    With TensorFlow, this makes a `tf.data` pipeline of our own. Keras' pipeline would tune itself
    in a thread. When an iterator ends, this thread may miss the signal to stop and sleep on, for up
    to as long again as the epoch took. Ours tunes nothing, and one iterator serves all epochs.

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
