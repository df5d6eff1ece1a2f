"""Writes the embeddings of all cached photographs."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from colorization.backbones.gpus import find_gpus
from colorization.backbones.weights import Pretrained
from colorization.core.files import atomic_folder
from colorization.core.identity import identify
from colorization.core.settings import Embed
from colorization.dataset import arrays
from colorization.dataset.splits import SPLITS
from colorization.embedding import imagenet
from colorization.embedding.standardization import fit_normalization, normalize


def write_embeddings(
    settings: Embed,
    weights: str,
    arrays_folder: Path,
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
    arrays_folder : Path
        The cached arrays.
    checkpoint_dir : Path
        A folder for the checkpoints from which an interrupted call resumes. Those of this call are
        removed at the end, those of other settings kept.
    hash_cache : Path
        See `hashing.sha256_of_files`.
    out : Path
        Replaced if it exists.
    """
    precision = imagenet.precision_of(settings)
    pretrained = Pretrained(network=settings.network, weights=weights, precision=precision)
    identity = {
        "settings": settings.model_dump(),
        "pretrained": pretrained.model_dump(),
        "gpus": [gpu.name for gpu in find_gpus()],
    }
    embedder = imagenet.build_embedder(settings, precision)
    predict = imagenet.compile_embedder(embedder)
    checkpoints = {
        split: checkpoint_dir / identify(identity, [arrays_folder / split / "L.npy"], hash_cache)
        for split in SPLITS
    }
    logits = {}
    for split in SPLITS:
        logits[split] = imagenet.embed(
            predict,
            arrays.read(arrays_folder / split).L,
            imagenet.NETWORKS[settings.network].image_size,
            settings.batch_size,
            checkpoints[split],
            f"embedding {split}",
        )
    mean_and_deviation = fit_normalization(logits["train"], settings.weights)
    with atomic_folder(out) as folder:
        for split in SPLITS:
            np.save(folder / f"{split}.npy", normalize(logits[split], mean_and_deviation))
        np.save(folder / "normalization.npy", mean_and_deviation)
        pretrained.write(folder / "identity.json")
    for checkpoint in checkpoints.values():
        checkpoint.unlink(missing_ok=True)
    with suppress(OSError):  # it has checkpoints of other settings
        checkpoint_dir.rmdir()
