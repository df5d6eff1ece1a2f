"""Stage `train`: cached arrays and embeddings -> one variant, trained from one seed."""

import json
import shutil
from pathlib import Path

import numpy as np

from _stage import Figures, run
from colorization import arrays
from colorization.files import whole_folder
from colorization.models.variants import build_model
from colorization.params import load_params
from colorization.training import Examples, train


def main(
    params: Path,
    arrays_folder: Path,
    embeddings: Path,
    variant: str,
    seed: int,
    out: Path,
) -> Figures:
    settings = load_params(params).train
    training, validation = (
        Examples(arrays.read(arrays_folder / part), np.load(embeddings / f"{part}.npy"))
        for part in ("train", "validation")
    )
    model = build_model(variant, seed)
    with whole_folder(out) as folder:
        outcome = train(model, training, validation, settings, seed, folder)
        shutil.copyfile(embeddings / "normalization.npy", folder / "embedding.npy")
        record = {
            "variant": variant,
            "seed": seed,
            "parameters": model.count_params(),
            "best_epoch": outcome.best_epoch,
            "image_size": training.images.L.shape[1],
            "training_images": len(training.images.names),
            **json.loads((embeddings / "identity.json").read_text(encoding="utf-8")),
            "train": settings.model_dump(),
        }
        (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return {"images_per_second": round(outcome.images_per_second, 2)}


if __name__ == "__main__":
    run(main)
