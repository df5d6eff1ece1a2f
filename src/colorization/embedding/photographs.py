"""Decodes photographs for an embedding network; does not import Keras, so that workers need not."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from colorization.core.errors import ColorizationError
from colorization.core.parallel import Postponed, imap_unordered
from colorization.core.text import printable
from colorization.embedding.embedder_input import prepare_embedder_input
from colorization.photos.squares import decode_squares


def decode_batch(
    archive: Path, names: Sequence[str], image_size: int, most_pixels: int
) -> np.ndarray | Postponed:
    """Decode photographs of an archive for an embedding network.

    Parameters
    ----------
    archive : Path
    names : sequence of str
        N at least 1.
    image_size : int
        Side of the network's input, px.
    most_pixels : int
        If an image is larger, the batch is postponed.

    Returns
    -------
    (N, image_size, image_size, 1) float32 array
        See `prepare_embedder_input`.

    Raises
    ------
    ColorizationError
        If an image cannot be decoded.
    """
    return decode_squares(prepare_embedder_input, archive, names, image_size, most_pixels)


def decode_batches(
    archive: Path, batches: Sequence[Sequence[str]], image_size: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode batches of photographs on all cores, ahead of the caller.

    Parameters
    ----------
    archive : Path
    batches : sequence of sequences of str
        The names of each batch.
    image_size : int
        Side of the network's input, px.

    Yields
    ------
    index : int
        Of the batch; in any order.
    squares : (N, image_size, image_size, 1) float32 array
        See `prepare_embedder_input`.

    Raises
    ------
    ColorizationError
        If a photograph cannot be decoded, once all other batches are; messages name each.
    """
    failed = []
    tasks = [(archive, names, image_size) for names in batches]
    for index, squares in imap_unordered(decode_batch, tasks):
        if isinstance(squares, ColorizationError):
            failed.append(index)
        else:
            yield index, squares
    undecodable = []
    for index in failed:  # one at a time, to see which photographs cannot be decoded
        tasks = [(archive, [name], image_size) for name in batches[index]]
        decoded = {}
        for row, square in imap_unordered(decode_batch, tasks):
            if isinstance(square, ColorizationError):
                name = printable(batches[index][row])
                undecodable.append(name)
                print(f"{archive}: {name} cannot be embedded: {square}", flush=True)
            else:
                decoded[row] = square
        if len(decoded) == len(tasks):
            yield index, np.concatenate([decoded[row] for row in range(len(tasks))])
    if undecodable:
        raise ColorizationError(
            f"{archive}: cannot embed {len(undecodable):,} of its photographs, such as "
            f"{min(undecodable)}; the same command tries them again, or remove them from "
            "download.source"
        )
