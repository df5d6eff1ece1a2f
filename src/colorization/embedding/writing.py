"""Writes the embeddings of all cached photographs, for the trainings to read."""

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
    """Write a folder with the embeddings of each part of the split.

    Parameters
    ----------
    settings : Embed
    weights : str
        The identity that `weights.fingerprint_weights` gives.
    arrays_folder : Path
        The cached arrays.
    checkpoint_dir : Path
        A folder for partial results, from which an interrupted call resumes. This call's are
        removed at the end, and those of other settings stay for these.
    hash_cache : Path
        See `hashing.sha256_of_files`.
    out : Path
        Replaced if it exists.
    """
    precision = imagenet.precision_of(settings)
    pretrained = Pretrained(network=settings.network, weights=weights, precision=precision)
    told = {
        "settings": settings.model_dump(),
        "pretrained": pretrained.model_dump(),
        "gpus": [gpu.name for gpu in find_gpus()],
    }
    embedder = imagenet.build_embedder(settings, precision)
    predict = imagenet.compile_embedder(embedder)
    partial = {
        part: checkpoint_dir / identify(told, [arrays_folder / part / "L.npy"], hash_cache)
        for part in SPLITS
    }
    logits = {}
    for part in SPLITS:
        logits[part] = imagenet.embed(
            predict,
            arrays.read(arrays_folder / part).L,
            imagenet.NETWORKS[settings.network].image_size,
            settings.batch_size,
            partial[part],
            f"embedding {part}",
        )
    mean_and_deviation = fit_normalization(logits["train"], settings.weights)
    with atomic_folder(out) as folder:
        for part in SPLITS:
            np.save(folder / f"{part}.npy", normalize(logits[part], mean_and_deviation))
        np.save(folder / "normalization.npy", mean_and_deviation)
        pretrained.write(folder / "identity.json")
    for file in partial.values():
        file.unlink(missing_ok=True)
    with suppress(OSError):  # those of other settings stay
        checkpoint_dir.rmdir()
