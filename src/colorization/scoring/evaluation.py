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
from colorization.scoring.gap import GAP, Gap
from colorization.scoring.predictions import CONSTANT_CHROMA, Predictions, read_predictions
from colorization.scoring.samples import SETS, Samples, read_samples
from colorization.scoring.summary import COLORIZERS, MODEL, TRIVIAL, Summary, colorful, summarize
from colorization.scoring.vividness import VividnessSweep, read_sweep

ROWS, METRICS = "test_images.csv", "metrics.json"
SIZES = ("small", "large")


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
    sweep : VividnessSweep or None
        None if the model has no adjustable vividness.
    predictions : Predictions or None
        Of the images of `rows`; None in evaluations that were published without.
    gap_rows : DataFrame or None
        As `gap_rows.score_gap` returns it, of the photographs that are not nearly gray; None in
        evaluations that were published without.
    """

    summary: Summary
    rows: pd.DataFrame
    chroma: pd.DataFrame
    training: TrainingRecord
    history: pd.DataFrame
    samples: dict[str, Samples]
    sweep: VividnessSweep | None = None
    predictions: Predictions | None = None
    gap_rows: pd.DataFrame | None = None

    def baseline_mse(self) -> dict[str, float]:
        """Validation MSE of each trivial baseline; published evaluations may lack it."""
        return {
            name: float(self.history[f"val_mse_{name}"].iloc[0])
            for name in TRIVIAL
            if f"val_mse_{name}" in self.history
        }

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

    What was added since it was published has no values, unless the other columns determine it. Its
    summary is computed anew from the rows, apart from the gap, which is that of the evaluation and
    of its `evaluate.min_chroma`.

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
    rows = read_table(next(folder.glob(f"{ROWS}*")))
    if photographs is not None:
        if not rows["name"].equals(photographs["name"]):
            raise ColorizationError(f"{folder}: scored on other test images than its study's")
        columns = photographs.drop(columns="name")
        if not columns.columns.intersection(rows.columns).empty:
            raise ColorizationError(f"{folder}: has its photographs' columns; publish it anew")
        rows = rows.join(columns)
    rows = _completed(rows)
    content = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    gap_rows = next(folder.glob(f"{GAP}*"), None)
    return Evaluation(
        summary=summarize(
            rows,
            min_chroma,
            constant_output=content.get("constant_output", _has_one_chroma(rows)),
            gap=Gap.from_json(content),
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
        sweep=read_sweep(folder),
        predictions=read_predictions(folder),
        gap_rows=None if gap_rows is None else colorful(read_table(gap_rows), min_chroma),
    )


def _completed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that were not measured when an evaluation was published."""
    if "mean_chroma" not in rows:
        share = rows["small_regions"]  # of the pixels; without any, their chroma is missing
        small, large = (rows[f"chroma_{size}_regions"].fillna(0) for size in SIZES)
        rows = rows.assign(mean_chroma=share * small + (1 - share) * large)
    columns = {
        "mean_a",
        "mean_b",
        *(f"{name}_{metric.key}" for name in COLORIZERS for metric in metrics.METRICS),
        *(f"{name}_{key}" for name in COLORIZERS for key in metrics.FACTS),
    }
    return rows.reindex(columns=[*rows.columns, *sorted(columns - set(rows.columns))])


def _has_one_chroma(rows: pd.DataFrame) -> bool | None:
    """Whether a model gives one chroma, and so one color; None if the rows leave it open."""
    regions = [rows[f"{MODEL}_chroma_{size}_regions"] for size in SIZES]
    return True if pd.concat(regions).std() < CONSTANT_CHROMA else None
