"""Chooses, reads and writes the test images that the pages display."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.scoring.summary import colorful

SETS = ("evenly_spaced", "best", "worst")
STATES = ("gray", "colorized", "truth")


@dataclass(frozen=True)
class Samples:
    """A set of test images.

    Attributes
    ----------
    rows : DataFrame
        Their rows of `Evaluation.rows`.
    images : dict of str to (S, H, W, 3) uint8 array
        sRGB, keyed by `STATES`.
    """

    rows: pd.DataFrame
    images: dict[str, np.ndarray]


def more_colorful(rows: pd.DataFrame, min_chroma: float) -> pd.DataFrame:
    """Select the more colorful half of the scored photographs; all if none is scored."""
    scored = colorful(rows, min_chroma)
    half = scored[scored["colorfulness"] >= scored["colorfulness"].median()]
    return half if len(half) else rows


def write_samples(
    folder: Path, name: str, indices: list[int], images: dict[str, np.ndarray]
) -> None:
    """Write NAME.npy with the images and NAME.json with the indices of their rows."""
    np.save(folder / f"{name}.npy", np.stack([images[state] for state in STATES]))
    (folder / f"{name}.json").write_text(json.dumps(indices) + "\n", encoding="utf-8")


def read_samples(folder: Path, name: str, rows: pd.DataFrame) -> Samples:
    """Read what `write_samples` wrote; `rows` are the rows of all test images."""
    images = np.load(folder / f"{name}.npy", allow_pickle=False)
    indices = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Samples(rows.iloc[indices], dict(zip(STATES, images, strict=True)))
