"""Stages `train`, `train_vgg` and `train_thinned`: cached arrays -> a variant, trained from a seed.

Variants of `train` take the embeddings, those of `train_vgg` an encoder with weights of its own.
`train_thinned` takes one training image in `one_in`, evenly over all of them: those of 4 are among
those of 2.
"""

import json
import shutil
from pathlib import Path

from _stage import Figures, run
from colorization.backbones.precision import choose_precision
from colorization.core.files import whole_folder
from colorization.core.identity import identify
from colorization.core.provenance import environment
from colorization.dataset.examples import read_examples
from colorization.networks.variants import build_model
from colorization.networks.vgg import load_encoder
from colorization.params import ENCODER_OF, load_params
from colorization.training.devices import device_names, strategy
from colorization.training.fitting import train
from colorization.training.snapshots import Snapshots


def main(
    params: Path,
    arrays_folder: Path,
    variant: str,
    seed: int,
    unfinished: Path,
    memory: Path,
    out: Path,
    embeddings: Path | None = None,
    encoder_weights: Path | None = None,
    one_in: int = 1,
) -> Figures:
    settings = load_params(params)
    training, validation = (
        read_examples(arrays_folder, embeddings, part) for part in ("train", "validation")
    )
    training = training.some(slice(None, None, one_in))
    # As many steps as all images give, so that only the images differ.
    train_params = settings.train.model_copy(update={"epochs": settings.train.epochs * one_in})
    precision = choose_precision(settings.train.precision, float16=True)
    told = {
        "variant": variant,
        "seed": seed,
        "precision": precision,
        "devices": device_names(settings.train.devices),
        **_pretrained(variant, embeddings, encoder_weights),
        "train": train_params.model_dump(),
        **({"one_in": one_in} if one_in > 1 else {}),
    }
    folders = [arrays_folder / "train", arrays_folder / "validation", embeddings]
    read = sorted(file for folder in folders if folder for file in folder.iterdir())
    snapshots = Snapshots(unfinished / out.name, identify(told, read, memory))
    with whole_folder(out) as folder:
        with strategy(settings.train.devices).scope():
            model = build_model(variant, seed, precision)
        if embeddings:
            shutil.copyfile(embeddings / "normalization.npy", folder / "embedding.npy")
        if encoder_weights:
            encoder = ENCODER_OF[variant]
            load_encoder(model, encoder, getattr(settings.encoders, encoder))
        outcome = train(model, training, validation, train_params, seed, folder, snapshots)
        record = {
            **told,
            "parameters": model.count_params(),
            "best_epoch": outcome.best_epoch,
            "image_size": training.images.L.shape[1],
            "training_images": len(training),
            "environment": environment(),
        }
        (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    snapshots.discard()
    return {
        "images_per_second": round(outcome.images_per_second, 2),
        "earlier_seconds": outcome.earlier_seconds,
    }


def _pretrained(
    variant: str, embeddings: Path | None, encoder_weights: Path | None
) -> dict[str, str]:
    """The pretrained network that a variant sees through, and what its weights are."""
    if embeddings:
        return json.loads((embeddings / "identity.json").read_text(encoding="utf-8"))
    if encoder_weights:
        return {
            "pretrained_network": ENCODER_OF[variant],
            "pretrained_weights": encoder_weights.read_text(encoding="utf-8").strip(),
        }
    return {}


if __name__ == "__main__":
    run(main)
