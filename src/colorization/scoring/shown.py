"""Some of the test images, to look at: which they are, and what they look like."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SETS = ("evenly_spaced", "best", "worst")
STATES = ("grey", "colorized", "truth")


@dataclass(frozen=True)
class Shown:
    """Some of the test images, to look at.

    Attributes
    ----------
    rows : DataFrame
        Of these images alone, as `scorer.evaluate` returns them.
    images : dict of str to (S, H, W, 3) uint8 array
        Grey, colorized and as they are, keyed by `STATES`.
    """

    rows: pd.DataFrame
    images: dict[str, np.ndarray]


def write_shown(folder: Path, name: str, chosen: list[int], images: dict[str, np.ndarray]) -> None:
    """Write one set of images, of which `chosen` are the rows' indices."""
    np.save(folder / f"{name}.npy", np.stack([images[state] for state in STATES]))
    (folder / f"{name}.json").write_text(json.dumps(chosen) + "\n", encoding="utf-8")


def read_shown(folder: Path, name: str, rows: pd.DataFrame) -> Shown:
    """Read what `write_shown` wrote; `rows` are those of all test images."""
    images = np.load(folder / f"{name}.npy", allow_pickle=False)
    chosen = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Shown(rows.iloc[chosen], dict(zip(STATES, images, strict=True)))
