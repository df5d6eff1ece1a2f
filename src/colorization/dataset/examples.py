"""Reads the examples of a split, and predicts their colors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from colorization.core.errors import ColorizationError
from colorization.core.splits import NAMES
from colorization.dataset import arrays
from colorization.dataset.arrays import LabArrays


@dataclass(frozen=True)
class Examples:
    """Images of one split, with their embeddings.

    Attributes
    ----------
    images : LabArrays
    embeddings : (N, 1000) float32 array or None
        None for variants that take no embedding.
    """

    images: LabArrays
    embeddings: np.ndarray | None

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images.L)

    def inputs(self, indices: slice | np.ndarray) -> list[np.ndarray]:
        """Return a model's float32 inputs for some images: L, and the embedding if there is one."""
        L = self.images.L[indices].astype(np.float32)
        return [L] if self.embeddings is None else [L, self.embeddings[indices]]

    def subset(self, indices: slice | Sequence[int]) -> "Examples":
        """Select images; with a slice, the arrays stay memory-mapped."""
        images = self.images
        return Examples(
            LabArrays(
                np.array(images.names)[indices].tolist(),
                images.L[indices],
                images.ab[indices],
                images.rgb[indices],
            ),
            None if self.embeddings is None else self.embeddings[indices],
        )


def evenly_spaced(total: int, count: int) -> list[int]:
    """Return indices of `count` of `total` images, evenly spaced; of all if there are fewer."""
    return np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()


def read_examples(arrays_folder: Path, embeddings: Path | None, split: str) -> Examples:
    """Memory-map the arrays of one split, and read its embeddings if their folder is given.

    Raises
    ------
    ColorizationError
        If the embeddings are those of other photographs.
    """
    images = arrays.read(arrays_folder / split)
    return Examples(images, None if embeddings is None else _read(embeddings, split, images.names))


def _read(embeddings: Path, split: str, names: list[str]) -> np.ndarray:
    embedded = json.loads((embeddings / NAMES).read_text(encoding="utf-8"))[split]
    if embedded != names:
        raise ColorizationError(f"{embeddings}: not the embeddings of these photographs")
    return np.load(embeddings / f"{split}.npy", allow_pickle=False)


def predict(model: keras.Model, examples: Examples, batch_size: int) -> Iterator[np.ndarray]:
    """Predict ab in batches, and yield it image by image.

    Parameters
    ----------
    model : keras.Model
        Its inputs are those of `Examples.inputs`.
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
    """Compute a model's outputs, with the default vividness if it is adjustable."""
    return model.predict_on_batch([*inputs, *[None] * (len(model.inputs) - len(inputs))])
