"""Package a trained model with everything that colorizing needs, and a model card."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import keras
import pandas as pd

from colorization.core.hashing import sha256_of
from colorization.core.model_records import TRAINING, Pretrained, TrainingRecord
from colorization.embedding.standardization import read_normalization
from colorization.networks.saving import load_model
from colorization.networks.vividness import AB, LOGITS, VIVIDNESS, AdjustableModel
from colorization.packaging.embedder_record import IDENTITY, EmbedderRecord, check_embedding
from colorization.packaging.manifest import (
    CARD,
    DECODE,
    EMBEDDER,
    FORMAT,
    MODEL,
    STANDARDIZATION,
    Manifest,
    Vividness,
    write_manifest,
)
from colorization.packaging.to_onnx import as_float32, write_onnx
from colorization.pages import inventory, rendering, report
from colorization.pages.vividness import sweep_table
from colorization.scoring.summary import Summary
from colorization.scoring.vividness import VividnessSweep, read_sweep


@dataclass(frozen=True)
class Origin:
    """The training data of a model.

    Attributes
    ----------
    source : str
        `download.source`.
    split : DataFrame
        Returned by `split.split_archive`.
    """

    source: str
    split: pd.DataFrame


def package(model: Path, evaluation: Path, embedder: Path, origin: Origin, out: Path) -> None:
    """Write a packaged model.

    Parameters
    ----------
    model : Path
        A model directory.
    evaluation : Path
        Output of the stage `evaluate` for this model.
    embedder : Path
        Output of the stage `embedder`; only read for a model that takes an embedding.
    origin : Origin
    out : Path
        An existing empty folder.

    Raises
    ------
    ColorizationError
        If the model's training diverged, its directory is damaged, or it was trained with another
        embedding network.
    """
    training = TrainingRecord.read(model / TRAINING)
    network = as_float32(load_model(model))
    embedder_size = None
    if training.embedding:
        embedder_size = _copy_embedder(training.embedding, model, embedder, out)
    adjustable = AdjustableModel.of(network)
    if adjustable is None:
        write_onnx(network, [AB], out / MODEL)
        vividness = None
    else:
        write_onnx(adjustable.logits_model, [LOGITS], out / MODEL)
        vividness = _write_decoder(adjustable, out)
    for name in (TRAINING, "history.csv"):
        shutil.copyfile(model / name, out / name)
    shutil.copyfile(evaluation / "metrics.json", out / "metrics.json")
    summary = Summary.read(evaluation / "metrics.json")
    sweep = read_sweep(evaluation)
    card = model_card(training, summary, sweep, origin)
    (out / CARD).write_text(card, encoding="utf-8")
    manifest = Manifest(
        format=FORMAT,
        variant=training.variant,
        image_size=training.image_size,
        vividness=vividness,
        embedder_size=embedder_size,
        source=origin.source,
        files={path.name: sha256_of(path) for path in sorted(out.iterdir())},
    )
    write_manifest(out, manifest)


def _write_decoder(adjustable: AdjustableModel, out: Path) -> Vividness:
    """Write the decoder, which can be run by itself."""
    bins, _ = adjustable.decoder.centers.shape
    logits = keras.Input((None, None, bins), name=LOGITS)
    vividness = keras.Input((1,), name=VIVIDNESS)
    ab = adjustable.upsampling(adjustable.decoder(logits, vividness))
    write_onnx(keras.Model([logits, vividness], ab), [AB], out / DECODE)
    return Vividness(default=adjustable.default, bins=bins)


def _copy_embedder(trained_with: Pretrained, model: Path, embedder: Path, out: Path) -> int:
    """Copy the embedding network and its standardization, and return its image size."""
    record = EmbedderRecord.read(embedder / IDENTITY)
    identity = Pretrained(network=record.network, weights=record.weights)
    check_embedding(model, trained_with, identity, embedder)
    read_normalization(model / STANDARDIZATION)
    shutil.copyfile(model / STANDARDIZATION, out / STANDARDIZATION)
    shutil.copyfile(embedder / EMBEDDER, out / EMBEDDER)
    return record.image_size


def model_card(
    training: TrainingRecord,
    summary: Summary,
    sweep: VividnessSweep | None,
    origin: Origin,
) -> str:
    """Render the model card as Markdown, with the scores of a vividness sweep, if any."""
    return rendering.render(
        "model_card.md.j2",
        training=training,
        settings=training.train.model_dump(),
        test_images=summary.images,
        scored_images=summary.images_scored,
        results=report.results_table(summary, training.variant),
        headline=report.headline(summary, training.variant),
        sweeps={training.variant: sweep_table(sweep)} if sweep else {},
        source=origin.source,
        data=inventory.summarize(origin.split),
    )
