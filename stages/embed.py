"""Stage `embed`: cached L -> the ImageNet embedding of each image."""

import json
import shutil
from pathlib import Path

import numpy as np

from _stage import Figures, run
from colorization.backbones import embedding
from colorization.core.files import whole_folder
from colorization.core.identity import identify
from colorization.dataset import arrays
from colorization.dataset.parts import PARTS
from colorization.params import load_params


def main(
    params: Path, arrays_folder: Path, weights: Path, unfinished: Path, memory: Path, out: Path
) -> Figures:
    settings = load_params(params).embed
    precision = embedding.precision_of(settings)
    pretrained = {
        "pretrained_network": settings.network,
        "pretrained_weights": weights.read_text(encoding="utf-8").strip(),
        "pretrained_precision": precision,
    }
    with whole_folder(out) as folder:
        embedder = embedding.build_embedder(settings, precision)
        predict = embedding.with_constant_weights(embedder)
        logits = {}
        for part in PARTS:
            L = arrays_folder / part / "L.npy"
            name = identify(settings.model_dump() | pretrained, [L], memory)
            logits[part] = embedding.embed(
                predict,
                arrays.read(arrays_folder / part).L,
                embedding.NETWORKS[settings.network].image_size,
                settings.batch_size,
                unfinished / name,
                f"embedding {part}",
            )
        normalization = embedding.normalization(logits["train"], settings.weights)
        for part in PARTS:
            np.save(folder / f"{part}.npy", embedding.normalize(logits[part], normalization))
        np.save(folder / "normalization.npy", normalization)
        (folder / "identity.json").write_text(json.dumps(pretrained, indent=1) + "\n")
    shutil.rmtree(unfinished)
    return {"images": sum(len(part) for part in logits.values())}


if __name__ == "__main__":
    run(main)
