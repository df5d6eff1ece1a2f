"""What the evaluation of one training left, read again for the pages."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from colorization.scores import FLOORS

SAMPLES = ("grey", "colorized", "truth")


@dataclass(frozen=True)
class Evaluation:
    """One variant, trained from one seed and evaluated.

    Attributes
    ----------
    metrics : dict
        As `scores.summarize` returns it.
    training : dict
        The model directory's training.json.
    history : DataFrame
        A row per epoch.
    samples : dict of str to (S, H, W, 3) uint8 array
        The same test images grey, colorized and as they are, keyed by `SAMPLES`.
    """

    metrics: dict[str, Any]
    training: dict[str, Any]
    history: pd.DataFrame
    samples: dict[str, np.ndarray]

    def floors(self) -> dict[str, float]:
        """Test MSE of each floor."""
        return {name: self.metrics[name]["mse_ab"] for name in FLOORS}


def read_evaluation(folder: Path) -> Evaluation:
    """Read what the stage `evaluate` wrote."""
    return Evaluation(
        metrics=read_json(folder / "metrics.json"),
        training=read_json(folder / "training.json"),
        history=pd.read_csv(folder / "history.csv"),
        samples={name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in SAMPLES},
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    return json.loads(path.read_text(encoding="utf-8"))
