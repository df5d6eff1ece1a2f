"""Computes the logits of photographs in batches, and resumes where an earlier call was stopped."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from colorization.core.progress import progress_bar
from colorization.embedding.imagenet import Predict
from colorization.embedding.photographs import decode_batches
from colorization.embedding.standardization import CLASSES

# A photograph's row in a checkpoint.
_ROW = np.dtype([("index", "<u4"), ("logits", np.float32, CLASSES), ("sha256", np.uint8, 32)])


def compute_logits(
    predict: Predict,
    archive: Path,
    names: Sequence[str],
    image_size: int,
    batch_size: int,
    checkpoint: Path,
) -> dict[str, np.ndarray]:
    """Compute the logits of photographs; resume from the checkpoint of an interrupted call.

    The batches are the same in every call, so that the logits have the same bits. From the first
    corrupt row of the checkpoint on, such as after a power loss, they are computed again.

    Parameters
    ----------
    predict : callable
        Returned by `imagenet.compile_embedder`.
    archive : Path
    names : sequence of str
        The photographs' names in the archive, each once.
    image_size : int
        Side of the network's input, px.
    batch_size : int
    checkpoint : Path
        A file for the logits of the batches so far, created if missing; the caller removes it. Its
        name must be unique to this computation.

    Returns
    -------
    dict of str to (1000,) float32 array
        By name.

    Raises
    ------
    ColorizationError
        If photographs cannot be decoded; the checkpoint has the other batches.
    """
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    positions = {name: index for index, name in enumerate(names)}
    batches = [names[start : start + batch_size] for start in range(0, len(names), batch_size)]
    with checkpoint.open("a+b") as file:
        done = _read_checkpoint(file, checkpoint, len(names))
        logits = {names[index]: row for index, row in done.items()}
        pending = [batch for batch in batches if not logits.keys() >= set(batch)]
        restored = len(names) - sum(map(len, pending))
        with progress_bar("embedding", len(names), initial=restored) as bar:
            for index, squares in decode_batches(archive, pending, image_size):
                batch = pending[index]
                # An incomplete batch is padded: each new shape would be traced again.
                computed = predict(_padded(squares, batch_size))[: len(batch)]
                rows = [positions[name] for name in batch]
                file.write(_rows(rows, computed, checkpoint).tobytes())
                file.flush()  # an unbuffered write might write only some rows, without an error
                logits |= dict(zip(batch, computed, strict=True))
                bar.update(len(batch))
    return logits


def _rows(indices: ArrayLike, logits: np.ndarray, checkpoint: Path) -> np.ndarray:
    """Return rows of the checkpoint, each with a hash of index, logits and file name."""
    rows = np.empty(len(logits), _ROW)
    rows["index"], rows["logits"] = indices, logits
    for row in rows:
        content = f"{checkpoint.name} {row['index']} ".encode() + row["logits"].tobytes()
        row["sha256"] = np.frombuffer(hashlib.sha256(content).digest(), np.uint8)
    return rows


def _read_checkpoint(file: BinaryIO, checkpoint: Path, images: int) -> dict[int, np.ndarray]:
    """Read the logits of photographs by index, and truncate the file at the first corrupt row."""
    file.seek(0)
    content = file.read()
    rows = np.frombuffer(content, _ROW, len(content) // _ROW.itemsize)
    expected = _rows(rows["index"], rows["logits"], checkpoint)
    corrupt = (rows["sha256"] != expected["sha256"]).any(axis=1) | (rows["index"] >= images)
    intact = int(np.argmax(corrupt)) if corrupt.any() else len(rows)
    if intact < len(rows):
        print(f"{checkpoint}: corrupt after {intact} images; resuming from there", flush=True)
    file.truncate(intact * _ROW.itemsize)
    return {int(row["index"]): row["logits"] for row in rows[:intact]}


def _padded(batch: np.ndarray, batch_size: int) -> np.ndarray:
    missing = batch_size - len(batch)
    return np.pad(batch, ((0, missing), (0, 0), (0, 0), (0, 0)), mode="edge")
