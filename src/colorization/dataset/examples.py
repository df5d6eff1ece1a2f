"""Reads the examples that a model is trained, validated or tested on, and predicts for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from colorization.dataset import arrays
from colorization.dataset.arrays import LabArrays


@dataclass(frozen=True)
class Examples:
    """Images of one part of the split, with their embeddings.

    Attributes
    ----------
    images : LabArrays
    embeddings : (N, 1000) float32 array or None
        Standardized by `standardization.normalize`; None for variants that take no embedding.
    """

    images: LabArrays
    embeddings: np.ndarray | None

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images.L)

    def inputs(self, chosen: slice | np.ndarray) -> list[np.ndarray]:
        """Give a model's float32 inputs for some of the images: L, and the embedding if any."""
        L = self.images.L[chosen].astype(np.float32)
        return [L] if self.embeddings is None else [L, self.embeddings[chosen]]

    def some(self, chosen: slice | Sequence[int]) -> "Examples":
        """Give some of the images; if a slice chooses them, they stay memory-mapped."""
        images = self.images
        return Examples(
            LabArrays(
                np.array(images.names)[chosen].tolist(),
                images.L[chosen],
                images.ab[chosen],
                images.rgb[chosen],
            ),
            None if self.embeddings is None else self.embeddings[chosen],
        )


def evenly_spaced(total: int, count: int) -> list[int]:
    """Indices of `count` of `total` images, evenly spaced; all if there are fewer."""
    return np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()


def read_examples(arrays_folder: Path, embeddings: Path | None, part: str) -> Examples:
    """Memory-map the arrays of one part; read its embeddings if their folder is given."""
    return Examples(
        arrays.read(arrays_folder / part),
        None if embeddings is None else np.load(embeddings / f"{part}.npy", allow_pickle=False),
    )


def predict(model: keras.Model, examples: Examples, batch_size: int) -> Iterator[np.ndarray]:
    """Compute ab batch by batch, and yield it image by image.

    Parameters
    ----------
    model : keras.Model
        Takes inputs as `Examples.inputs` gives them.
    examples : Examples
    batch_size : int

    Yields
    ------
    (H, W, 2) float32 array
        ab, in [-1, 1].
    """
    for start in range(0, len(examples), batch_size):
        yield from predict_batch(model, examples.inputs(slice(start, start + batch_size)))


def predict_batch(model: keras.Model, inputs: list[np.ndarray]) -> Any:
    """Compute a model's outputs; a dial, if the model has one, stays at its default."""
    return model.predict_on_batch([*inputs, *[None] * (len(model.inputs) - len(inputs))])
