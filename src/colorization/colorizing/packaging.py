"""A trained model with everything that colorizing needs, and with its card."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from colorization.colorizing.manifest import Embedding, Manifest, sha256_of, write_manifest
from colorization.dataset import inventory
from colorization.pages import rendering, report
from colorization.params import ENCODER_OF, Params
from colorization.scoring.evaluation import read_json

OF_MODEL = ("model.json", "model.weights.h5", "training.json", "history.csv")
CARD = "README.md"


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    Attributes
    ----------
    params : Params
        What it was made with.
    commit : str
        As `provenance.commit` returns it.
    split : DataFrame
        As `split.split_archive` returns it.
    """

    params: Params
    commit: str
    split: pd.DataFrame


def package(model: Path, evaluation: Path, origin: Origin, out: Path) -> None:
    """Fill a folder with a packaged model.

    Parameters
    ----------
    model : Path
        A model directory.
    evaluation : Path
        What the stage `evaluate` wrote of it.
    origin : Origin
    out : Path
        Must exist and be empty.
    """
    training = read_json(model / "training.json")
    for name in OF_MODEL:
        shutil.copyfile(model / name, out / name)
    if training["variant"] not in ENCODER_OF:
        shutil.copyfile(model / "embedding.npy", out / "embedding.npy")
    shutil.copyfile(evaluation / "metrics.json", out / "metrics.json")
    card = model_card(training, read_json(evaluation / "metrics.json"), origin)
    (out / CARD).write_text(card, encoding="utf-8")
    manifest = Manifest(
        format=1,
        variant=training["variant"],
        image_size=training["image_size"],
        embedding=_embedding(training, origin.params),
        source=origin.params.download.source,
        commit=origin.commit,
        files={path.name: sha256_of(path) for path in sorted(out.iterdir())},
    )
    write_manifest(out, manifest)


def _embedding(training: dict[str, Any], params: Params) -> Embedding | None:
    if training["variant"] in ENCODER_OF:
        return None
    weights = training["pretrained_weights"]
    named = weights in ("random", "imagenet")
    return Embedding(
        network=training["pretrained_network"],
        weights=weights,
        seed=params.embed.seed,
        precision=training["pretrained_precision"],
        path=None if named else str(Path(params.embed.weights).expanduser().resolve()),
    )


def model_card(training: dict[str, Any], metrics: dict[str, Any], origin: Origin) -> str:
    """Render the model card as Markdown.

    Parameters
    ----------
    training : dict
        The model directory's training.json.
    metrics : dict
        As `scores.summarize` returns it.
    origin : Origin
    """
    return rendering.render(
        "model_card.md.j2",
        training=training,
        test_images=metrics["images"],
        results=report.results_table(metrics, training["variant"]),
        headline=report.headline(metrics, training["variant"]),
        origin=origin,
        data=inventory.summarize(origin.split),
    )
