"""Read the stage `evaluate`'s files on one training, for the pages."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from colorization.core.tables import read_table
from colorization.networks.record import TRAINING, TrainingRecord
from colorization.scoring import metrics
from colorization.scoring.samples import SETS, Samples, read_samples
from colorization.scoring.summary import COLORIZERS, TRIVIAL, Summary
from colorization.scoring.vividness import Dial, read_sweep

ROWS = "test_images.csv"


@dataclass(frozen=True)
class Evaluation:
    """One variant, trained from one seed and evaluated.

    Attributes
    ----------
    summary : Summary
    rows, chroma : DataFrame
        As `scorer.evaluate` returns them.
    training : TrainingRecord
    history : DataFrame
        A row per epoch.
    shown : dict of str to Samples
        The shown images by set, one of `SETS`; unpublished sets are missing.
    dial : Dial or None
        None if the model has no dial.
    """

    summary: Summary
    rows: pd.DataFrame
    chroma: pd.DataFrame
    training: TrainingRecord
    history: pd.DataFrame
    shown: dict[str, Samples]
    dial: Dial | None = None

    def trivial(self) -> dict[str, float]:
        """The test MSE of each floor, by its name."""
        mse = {name: self.summary.scores[name]["mse_ab"].value for name in TRIVIAL}
        return {name: value for name, value in mse.items() if value is not None}


def read_evaluation(folder: Path) -> Evaluation:
    """Read an evaluation, or its published part, in which rows may be compressed.

    A metric that was added since has no values.
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
        shown={
            name: read_samples(folder, name, rows)
            for name in SETS
            if (folder / f"{name}.npy").exists()
        },
        dial=read_sweep(folder),
    )
