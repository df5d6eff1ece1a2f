"""Writes the control experiments' embeddings, without information on their photograph."""

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
    """Write a folder with a control's embeddings, with the files of the stage `embed`.

    Parameters
    ----------
    kind : str
        "random_network" for the logits of the same network with random weights, or
        "another_photograph" for those of another photograph of the same split.
    settings : Embed
    arrays_folder : Path
        The cached arrays.
    embeddings : Path
        The folder of the stage `embed`.
    checkpoint_dir, hash_cache : Path
        See `writing.write_embeddings`.
    out : Path
        Replaced if it exists.
    """
    if kind == "random_network":
        random = settings.model_copy(update={"weights": "random"})
        write_embeddings(random, "random", arrays_folder, checkpoint_dir, hash_cache, out)
        return
    with atomic_folder(out) as folder:
        for split in SPLITS:
            own = np.load(embeddings / f"{split}.npy", allow_pickle=False)
            np.save(folder / f"{split}.npy", own[derangement(len(own))])
        for name in ("normalization.npy", "identity.json"):
            (folder / name).write_bytes((embeddings / name).read_bytes())


def derangement(count: int) -> np.ndarray:
    """Draw a permutation without fixed points, from a fixed seed.

    Parameters
    ----------
    count : int
        At least 2.

    Returns
    -------
    (count,) int array
        One cycle through all indices in random order: neighbors are often photographs of the same
        person.
    """
    order = np.random.default_rng(SEED).permutation(count)
    permutation = np.empty_like(order)
    permutation[order] = np.roll(order, 1)
    return permutation
