"""Writes the embeddings of all photographs.

NAME.npy           (N, 1000) float32: the embeddings of a split
names.json         the names of their photographs, by split
normalization.npy  (2, 1000) float32: mean and deviation with which logits were standardized
identity.json      the network and its weights
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorization.backbones.gpus import find_gpus
from colorization.core.files import atomic_folder
from colorization.core.identity import identify
from colorization.core.model_records import Pretrained
from colorization.core.settings import Embed
from colorization.core.splits import NAMES, SPLITS, names_by_split
from colorization.embedding import imagenet
from colorization.embedding.logits import compute_logits
from colorization.embedding.standardization import fit_normalization, normalize

if TYPE_CHECKING:
    import pandas as pd

NORMALIZATION, IDENTITY = "normalization.npy", "identity.json"


def write_embeddings(
    settings: Embed,
    weights: str,
    archive: Path,
    split: "pd.DataFrame",
    checkpoint_dir: Path,
    hash_cache: Path,
    out: Path,
) -> None:
    """Write a folder with the embeddings of each split.

    Parameters
    ----------
    settings : Embed
    weights : str
        Their identity, returned by `weights.fingerprint_weights`.
    archive : Path
    split : DataFrame
        Returned by `split.split_archive`.
    checkpoint_dir : Path
        A folder for the checkpoint from which an interrupted call resumes. That of this call is
        removed at the end, those of other settings kept.
    hash_cache : Path
        See `hashing.sha256_of_files`.
    out : Path
        Replaced if it exists.

    Raises
    ------
    ColorizationError
        If a photograph cannot be decoded, or the weights are missing or do not fit the network.
    """
    precision = imagenet.precision_of(settings)
    pretrained = Pretrained(network=settings.network, weights=weights, precision=precision)
    names = names_by_split(split)
    identity = {
        "settings": settings.model_dump(),
        "pretrained": pretrained.model_dump(),
        "gpus": [gpu.name for gpu in find_gpus()],
        "names": names,
    }
    embedder = imagenet.build_embedder(settings, precision)
    checkpoint = checkpoint_dir / identify(identity, [archive], hash_cache)
    logits = compute_logits(
        imagenet.compile_embedder(embedder),
        archive,
        [name for key in SPLITS for name in names[key]],
        imagenet.NETWORKS[settings.network].image_size,
        settings.batch_size,
        checkpoint,
    )
    by_split = {key: np.stack([logits[name] for name in names[key]]) for key in SPLITS}
    mean_and_deviation = fit_normalization(by_split["train"])
    with atomic_folder(out) as folder:
        for key in SPLITS:
            np.save(folder / f"{key}.npy", normalize(by_split[key], mean_and_deviation))
        (folder / NAMES).write_text(json.dumps(names, indent=0) + "\n", encoding="utf-8")
        np.save(folder / NORMALIZATION, mean_and_deviation)
        pretrained.write(folder / IDENTITY)
    checkpoint.unlink(missing_ok=True)
    with suppress(OSError):  # it has checkpoints of other settings
        checkpoint_dir.rmdir()
