"""Stages `train` and `train_vgg`: cached arrays -> one variant, trained from one seed.

Variants of `train` take the embeddings, those of `train_vgg` an encoder with weights of its own.
"""

import json
import shutil
from pathlib import Path

from _stage import Figures, run
from colorization.examples import read_examples
from colorization.files import whole_folder
from colorization.models.variants import build_model
from colorization.models.vgg import load_encoder
from colorization.params import ENCODER_OF, load_params
from colorization.training import train


def main(
    params: Path,
    arrays_folder: Path,
    variant: str,
    seed: int,
    out: Path,
    embeddings: Path | None = None,
    encoder_weights: Path | None = None,
) -> Figures:
    settings = load_params(params)
    training, validation = (
        read_examples(arrays_folder, embeddings, part) for part in ("train", "validation")
    )
    with whole_folder(out) as folder:
        model = build_model(variant, seed)
        if embeddings:
            shutil.copyfile(embeddings / "normalization.npy", folder / "embedding.npy")
            identity = json.loads((embeddings / "identity.json").read_text(encoding="utf-8"))
        if encoder_weights:
            encoder = ENCODER_OF[variant]
            load_encoder(model, encoder, getattr(settings.encoders, encoder))
            identity = {
                "pretrained_network": encoder,
                "pretrained_weights": encoder_weights.read_text(encoding="utf-8").strip(),
            }
        outcome = train(model, training, validation, settings.train, seed, folder)
        record = {
            "variant": variant,
            "seed": seed,
            "parameters": model.count_params(),
            "best_epoch": outcome.best_epoch,
            "image_size": training.images.L.shape[1],
            "training_images": len(training),
            **identity,
            "train": settings.train.model_dump(),
        }
        (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return {"images_per_second": round(outcome.images_per_second, 2)}


if __name__ == "__main__":
    run(main)
