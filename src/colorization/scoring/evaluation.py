"""Reads the outputs of the stage `evaluate` for one training."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from colorization.core.tables import read_table
from colorization.networks.record import TRAINING, TrainingRecord
from colorization.scoring import metrics
from colorization.scoring.samples import SETS, Samples, read_samples
from colorization.scoring.summary import COLORIZERS, TRIVIAL, Summary
from colorization.scoring.vividness import VividnessSweep, read_sweep

ROWS = "test_images.csv"


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
    """

    summary: Summary
    rows: pd.DataFrame
    chroma: pd.DataFrame
    training: TrainingRecord
    history: pd.DataFrame
    samples: dict[str, Samples]
    sweep: VividnessSweep | None = None

    def baseline_mse(self) -> dict[str, float]:
        """Test MSE of each trivial baseline."""
        mse = {name: self.summary.scores[name]["mse_ab"].value for name in TRIVIAL}
        return {name: value for name, value in mse.items() if value is not None}


def read_evaluation(folder: Path) -> Evaluation:
    """Read an evaluation, or a published one, whose rows are compressed.

    A metric that was added since then has no values.
    """
    rows = read_table(next(folder.glob(f"{ROWS}*")))
    columns = [f"{name}_{metric.key}" for name in COLORIZERS for metric in metrics.METRICS]
    rows = rows.reindex(columns=[*rows.columns, *sorted(set(columns) - set(rows.columns))])
    return Evaluation(
        summary=Summary.read(folder / "metrics.json"),
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
    )
