"""What the evaluation of one training left, read again for the pages."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from colorization.scoring.summary import FLOORS

SETS = ("evenly_spaced", "best", "worst")
STATES = ("grey", "colorized", "truth")


@dataclass(frozen=True)
class Shown:
    """Some of the test images, to look at.

    Attributes
    ----------
    rows : DataFrame
        Of these images alone, as `evaluation.evaluate` returns them.
    images : dict of str to (S, H, W, 3) uint8 array
        Grey, colorized and as they are, keyed by `STATES`.
    """

    rows: pd.DataFrame
    images: dict[str, np.ndarray]


@dataclass(frozen=True)
class Evaluation:
    """One variant, trained from one seed and evaluated.

    Attributes
    ----------
    metrics : dict
        As `scores.summarize` returns it.
    rows, chroma : DataFrame
        As `evaluation.evaluate` returns them.
    training : dict
        The model directory's training.json.
    history : DataFrame
        A row per epoch.
    shown : dict of str to Shown
        Keyed by `SETS`.
    """

    metrics: dict[str, Any]
    rows: pd.DataFrame
    chroma: pd.DataFrame
    training: dict[str, Any]
    history: pd.DataFrame
    shown: dict[str, Shown]

    def floors(self) -> dict[str, float]:
        """Test MSE of each floor."""
        return {name: self.metrics[name]["mse_ab"] for name in FLOORS}


def write_shown(folder: Path, name: str, chosen: list[int], images: dict[str, np.ndarray]) -> None:
    """Write one set of images, of which `chosen` are the rows' indices."""
    np.save(folder / f"{name}.npy", np.stack([images[state] for state in STATES]))
    (folder / f"{name}.json").write_text(json.dumps(chosen) + "\n", encoding="utf-8")


def read_evaluation(folder: Path) -> Evaluation:
    """Read what the stage `evaluate` wrote."""
    rows = pd.read_csv(folder / "test_images.csv", converters={"name": str})
    return Evaluation(
        metrics=read_json(folder / "metrics.json"),
        rows=rows,
        chroma=pd.read_csv(folder / "chroma.csv"),
        training=read_json(folder / "training.json"),
        history=pd.read_csv(folder / "history.csv"),
        shown={name: _read_shown(folder, name, rows) for name in SETS},
    )


def _read_shown(folder: Path, name: str, rows: pd.DataFrame) -> Shown:
    images = np.load(folder / f"{name}.npy", allow_pickle=False)
    chosen = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Shown(rows.iloc[chosen], dict(zip(STATES, images, strict=True)))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    return json.loads(path.read_text(encoding="utf-8"))
