"""Writes embeddings that differ from ImageNet's in one respect, to see what it is worth."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder
from colorization.core.settings import Control, Embed
from colorization.core.splits import NAMES, SPLITS
from colorization.embedding.standardization import RAW, denormalize
from colorization.embedding.writing import IDENTITY, NORMALIZATION, write_embeddings

if TYPE_CHECKING:
    import pandas as pd

SEED = 1


def write_control(
    kind: Control,
    settings: Embed,
    archive: Path,
    split: "pd.DataFrame",
    embeddings: Path,
    checkpoint_dir: Path,
    hash_cache: Path,
    out: Path,
) -> None:
    """Write a folder with a control's embeddings, with the files of the stage `embed`.

    Parameters
    ----------
    kind : str
        "imagenet_raw" for logits that are not standardized, as in the paper; "random_network" for
        the logits of the same network with random weights; "another_photograph" for those of
        another photograph of the same split.
    settings : Embed
    archive : Path
    split : DataFrame
        Returned by `split.split_archive`.
    embeddings : Path
        The folder of the stage `embed`.
    checkpoint_dir, hash_cache : Path
        See `writing.write_embeddings`.
    out : Path
        Replaced if it exists.

    Raises
    ------
    ColorizationError
        If a split has a single photograph, which has no other, a photograph cannot be decoded, or
        the weights do not fit the network.
    """
    if kind == "random_network":
        random = settings.model_copy(update={"weights": "random"})
        write_embeddings(random, "random", archive, split, checkpoint_dir, hash_cache, out)
        return
    normalization = np.load(embeddings / NORMALIZATION, allow_pickle=False)
    with atomic_folder(out) as folder:
        for key in SPLITS:
            own = np.load(embeddings / f"{key}.npy", allow_pickle=False)
            if kind == "another_photograph" and len(own) < 2:
                raise ColorizationError(
                    f"the embedding {kind} needs at least 2 photographs in each split; {key} has 1"
                )
            other = (
                denormalize(own, normalization)
                if kind == "imagenet_raw"
                else own[derangement(len(own))]
            )
            np.save(folder / f"{key}.npy", other)
        np.save(folder / NORMALIZATION, RAW if kind == "imagenet_raw" else normalization)
        for name in (NAMES, IDENTITY):
            shutil.copyfile(embeddings / name, folder / name)


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
