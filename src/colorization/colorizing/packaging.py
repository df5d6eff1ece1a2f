"""A trained model with everything that colorizing needs, and with its card."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from colorization.backbones.weights import NAMED, Pretrained
from colorization.colorizing.contents import check_weights, read_standardization
from colorization.colorizing.manifest import (
    LOADED,
    STANDARDIZATION,
    Embedding,
    Manifest,
    write_manifest,
)
from colorization.core.hashing import sha256_of
from colorization.dataset import inventory
from colorization.pages import rendering, report
from colorization.scoring.summary import Summary
from colorization.settings.embed import Embed
from colorization.training.record import TRAINING, TrainingRecord

OF_MODEL = (*LOADED, TRAINING, "history.csv")
CARD = "README.md"


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    Attributes
    ----------
    source : str
        `download.source`.
    embed : Embed
        How its embeddings were made, if it takes any.
    split : DataFrame
        As `split.split_archive` returns it.
    """

    source: str
    embed: Embed
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

    Raises
    ------
    ColorizationError
        If the model's training diverged, or its directory is damaged.
    """
    training = TrainingRecord.read(model / TRAINING)
    check_weights(model)
    if training.embedding:
        read_standardization(model)
    for name in OF_MODEL:
        shutil.copyfile(model / name, out / name)
    if training.embedding:
        shutil.copyfile(model / STANDARDIZATION, out / STANDARDIZATION)
    shutil.copyfile(evaluation / "metrics.json", out / "metrics.json")
    card = model_card(training, Summary.read(evaluation / "metrics.json"), origin)
    (out / CARD).write_text(card, encoding="utf-8")
    manifest = Manifest(
        format=2,
        variant=training.variant,
        image_size=training.image_size,
        embedding=_embedding(training.embedding, origin.embed) if training.embedding else None,
        source=origin.source,
        files={path.name: sha256_of(path) for path in sorted(out.iterdir())},
    )
    write_manifest(out, manifest)


def _embedding(pretrained: Pretrained, embed: Embed) -> Embedding:
    return Embedding.model_validate(
        {
            "network": pretrained.network,
            "weights": pretrained.weights,
            "seed": embed.seed,
            "precision": pretrained.precision,
            "path": None if pretrained.weights in NAMED else _without_home(embed.weights),
        }
    )


def _without_home(path: str) -> str:
    """A path as it was written, but for the name of the home that it may lie in."""
    try:
        return f"~/{Path(path).relative_to(Path.home()).as_posix()}"
    except ValueError:
        return path


def model_card(training: TrainingRecord, summary: Summary, origin: Origin) -> str:
    """Render the model card as Markdown."""
    return rendering.render(
        "model_card.md.j2",
        training=training,
        settings=training.train.model_dump(),
        test_images=summary.images,
        results=report.results_table(summary, training.variant),
        headline=report.headline(summary, training.variant),
        source=origin.source,
        data=inventory.summarize(origin.split),
    )
