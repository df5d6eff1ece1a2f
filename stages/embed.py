"""Stage `embed`: cached L -> the ImageNet embedding of each image."""

import json
from pathlib import Path

import numpy as np

from _stage import Figures, run
from colorization import arrays, embedding
from colorization.files import whole_folder
from colorization.params import load_params
from colorization.parts import PARTS


def main(params: Path, arrays_folder: Path, weights: Path, out: Path) -> Figures:
    settings = load_params(params).embed
    with whole_folder(out) as folder:
        embedder = embedding.build_embedder(settings)
        logits = {
            part: embedding.embed(
                embedder,
                arrays.read(arrays_folder / part).L,
                settings.batch_size,
                f"embedding {part}",
            )
            for part in PARTS
        }
        normalization = embedding.normalization(logits["train"], settings.weights)
        for part in PARTS:
            np.save(folder / f"{part}.npy", embedding.normalize(logits[part], normalization))
        np.save(folder / "normalization.npy", normalization)
        identity = {
            "pretrained_network": settings.network,
            "pretrained_weights": weights.read_text(encoding="utf-8").strip(),
        }
        (folder / "identity.json").write_text(json.dumps(identity, indent=1) + "\n")
    return {"images": sum(len(part) for part in logits.values())}


if __name__ == "__main__":
    run(main)
