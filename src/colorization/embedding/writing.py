"""Writes the embeddings of all cached photographs, for the trainings to read."""

import shutil
from pathlib import Path

import numpy as np

from colorization.backbones.weights import Pretrained
from colorization.core.identity import identify
from colorization.dataset import arrays
from colorization.dataset.parts import PARTS
from colorization.embedding import imagenet
from colorization.embedding.standardization import normalization, normalize
from colorization.settings.embed import Embed


def write_embeddings(
    settings: Embed, weights: str, arrays_folder: Path, unfinished: Path, memory: Path, out: Path
) -> None:
    """Fill a folder with the embeddings of each part of the split.

    Parameters
    ----------
    settings : Embed
    weights : str
        The identity that `weights.fingerprint_weights` gives.
    arrays_folder : Path
        The cached arrays.
    unfinished : Path
        A folder for partial results, from which an interrupted call resumes; removed at the end.
    memory : Path
        See `hashing.sha256_of_files`.
    out : Path
        The folder to fill.
    """
    precision = imagenet.precision_of(settings)
    pretrained = Pretrained(network=settings.network, weights=weights, precision=precision)
    told = {"settings": settings.model_dump(), "pretrained": pretrained.model_dump()}
    embedder = imagenet.build_embedder(settings, precision)
    predict = imagenet.compile_embedder(embedder)
    logits = {}
    for part in PARTS:
        L = arrays_folder / part / "L.npy"
        name = identify(told, [L], memory)
        logits[part] = imagenet.embed(
            predict,
            arrays.read(arrays_folder / part).L,
            imagenet.NETWORKS[settings.network].image_size,
            settings.batch_size,
            unfinished / name,
            f"embedding {part}",
        )
    mean_and_deviation = normalization(logits["train"], settings.weights)
    for part in PARTS:
        np.save(out / f"{part}.npy", normalize(logits[part], mean_and_deviation))
    np.save(out / "normalization.npy", mean_and_deviation)
    pretrained.write(out / "identity.json")
    shutil.rmtree(unfinished)
