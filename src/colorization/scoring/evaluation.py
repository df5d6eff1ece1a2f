"""Reads the outputs of the stage `evaluate` for one training."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.model_records import TRAINING, TrainingRecord
from colorization.core.tables import read_table
from colorization.scoring import metrics
from colorization.scoring.gap import GAP, summarize_gap
from colorization.scoring.predictions import Predictions, read_predictions
from colorization.scoring.samples import SETS, Samples, read_samples
from colorization.scoring.summary import COLORIZERS, TRIVIAL, Summary, colorful, summarize
from colorization.scoring.vividness import VividnessSweep, read_sweep

ROWS, METRICS = "test_images.csv", "metrics.json"


@dataclass(frozen=True)
class Evaluation:
    """A variant, trained from one seed and evaluated.

    Attributes
    ----------
    summary : Summary
    rows, chroma : DataFrame
        As in `scorer.Scored`.
    training : TrainingRecord
    history : DataFrame
        A row per epoch.
    samples : dict of str to Samples
        Keyed by `SETS`; published evaluations may lack some.
    gap_rows : DataFrame
        As `gap_rows.score_gap` returns it, of the photographs that are not nearly gray.
    sweep : VividnessSweep or None
        None if the model has no adjustable vividness.
    predictions : Predictions or None
        Of the images of `rows`; None in evaluations that were published without.
    """

    summary: Summary
    rows: pd.DataFrame
    chroma: pd.DataFrame
    training: TrainingRecord
    history: pd.DataFrame
    samples: dict[str, Samples]
    gap_rows: pd.DataFrame
    sweep: VividnessSweep | None = None
    predictions: Predictions | None = None

    def baseline_mse(self) -> dict[str, float]:
        """Validation MSE of each trivial baseline."""
        return {name: float(self.history[f"val_mse_{name}"].iloc[0]) for name in TRIVIAL}

    def select(self, chosen: np.ndarray) -> "Evaluation":
        """Select test images for every estimate: their rows and predictions, by a mask."""
        return replace(
            self,
            rows=self.rows[chosen].reset_index(drop=True),
            predictions=self.predictions and self.predictions.select(chosen),
        )


def read_evaluation(
    folder: Path, min_chroma: float, photographs: pd.DataFrame | None = None
) -> Evaluation:
    """Read an evaluation, or a published one, whose rows are compressed.

    Metrics that were added since it was published have no values. Its summary is computed anew from
    the rows.

    Parameters
    ----------
    folder : Path
    min_chroma : float
        `evaluate.min_chroma`.
    photographs : DataFrame, optional
        The columns of a published evaluation's rows that are equal in all trainings of its study.

    Raises
    ------
    ColorizationError
        If the photographs are others than those of the evaluation, or the evaluation has their
        columns itself.
    """
    rows = _read_rows(folder, ROWS)
    if photographs is not None:
        if not rows["name"].equals(photographs["name"]):
            raise ColorizationError(f"{folder}: scored on other test images than its study's")
        columns = photographs.drop(columns="name")
        if not columns.columns.intersection(rows.columns).empty:
            raise ColorizationError(f"{folder}: has its photographs' columns; publish it anew")
        rows = rows.join(columns)
    rows = _with_all_metrics(rows)
    gap_rows = colorful(_read_rows(folder, GAP), min_chroma)
    content = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    return Evaluation(
        summary=summarize(
            rows,
            min_chroma,
            constant_output=content["constant_output"],
            gap=summarize_gap(gap_rows),
        ),
        rows=rows,
        chroma=read_table(folder / "chroma.csv"),
        training=TrainingRecord.read(folder / TRAINING),
        history=read_table(folder / "history.csv"),
        samples={
            name: read_samples(folder, name, rows)
            for name in SETS
            if (folder / f"{name}.npy").exists()
        },
        gap_rows=gap_rows,
        sweep=read_sweep(folder),
        predictions=read_predictions(folder),
    )


def _read_rows(folder: Path, name: str) -> pd.DataFrame:
    compressed = folder / f"{name}.gz"
    return read_table(compressed if compressed.exists() else folder / name)


def _with_all_metrics(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of metrics that an evaluation was published without, all missing."""
    columns = {
        *(f"{name}_{metric.key}" for name in COLORIZERS for metric in metrics.METRICS),
        *(f"{name}_{key}" for name in COLORIZERS for key in metrics.FACTS),
    }
    return rows.reindex(columns=[*rows.columns, *sorted(columns - set(rows.columns))])
