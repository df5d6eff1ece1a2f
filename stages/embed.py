"""Stage `embed`: cached L -> the ImageNet embedding of each image."""

import shutil
from pathlib import Path

import numpy as np

from _stage import run
from colorization.backbones.weights import Pretrained
from colorization.core.files import whole_folder
from colorization.core.identity import identify
from colorization.dataset import arrays
from colorization.dataset.parts import PARTS
from colorization.embedding import imagenet
from colorization.embedding.standardization import normalization, normalize
from colorization.settings.embed import Embed


def main(
    params: Path, arrays_folder: Path, weights: Path, unfinished: Path, memory: Path, out: Path
) -> None:
    settings = Embed.load(params)
    precision = imagenet.precision_of(settings)
    pretrained = Pretrained(
        network=settings.network,
        weights=weights.read_text(encoding="utf-8").strip(),
        precision=precision,
    )
    told = {"settings": settings.model_dump(), "pretrained": pretrained.model_dump()}
    with whole_folder(out) as folder:
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
            np.save(folder / f"{part}.npy", normalize(logits[part], mean_and_deviation))
        np.save(folder / "normalization.npy", mean_and_deviation)
        pretrained.write(folder / "identity.json")
    shutil.rmtree(unfinished)


if __name__ == "__main__":
    run(main)
