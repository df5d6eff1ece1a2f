"""Writes embeddings that carry no information on their photograph, as a control."""

from pathlib import Path

import numpy as np

from colorization.core.files import atomic_folder
from colorization.core.settings import Embed
from colorization.dataset.splits import SPLITS
from colorization.embedding.writing import write_embeddings

SEED = 1


def write_control(
    kind: str,
    settings: Embed,
    arrays_folder: Path,
    embeddings: Path,
    checkpoint_dir: Path,
    hash_cache: Path,
    out: Path,
) -> None:
    """Write a folder with a control's embeddings, laid out like that of the stage `embed`.

    Parameters
    ----------
    kind : str
        "random_network" for the logits of the same network with random weights, or
        "another_photograph" for those of another photograph of the same part.
    settings : Embed
    arrays_folder : Path
        The cached arrays.
    embeddings : Path
        The folder that the stage `embed` wrote.
    checkpoint_dir, hash_cache : Path
        As for `writing.write_embeddings`.
    out : Path
        Replaced if it exists.
    """
    if kind == "random_network":
        random = settings.model_copy(update={"weights": "random"})
        write_embeddings(random, "random", arrays_folder, checkpoint_dir, hash_cache, out)
        return
    with atomic_folder(out) as folder:
        for part in SPLITS:
            own = np.load(embeddings / f"{part}.npy", allow_pickle=False)
            np.save(folder / f"{part}.npy", own[derangement(len(own))])
        for name in ("normalization.npy", "identity.json"):
            (folder / name).write_bytes((embeddings / name).read_bytes())


def derangement(count: int) -> np.ndarray:
    """Give each photograph another one, the same at each call.

    Parameters
    ----------
    count : int
        At least 2; a single photograph has no other.

    Returns
    -------
    (count,) int array
        A permutation that leaves no photograph in its place: one cycle through all of them, in a
        random order. The order is random because neighbors are often photographs of one person.
    """
    order = np.random.default_rng(SEED).permutation(count)
    another = np.empty_like(order)
    another[order] = np.roll(order, 1)
    return another
