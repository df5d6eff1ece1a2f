"""Write and read sets of test images that the pages show."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SETS = ("evenly_spaced", "best", "worst")
STATES = ("gray", "colorized", "truth")


@dataclass(frozen=True)
class Samples:
    """A set of test images to look at.

    Attributes
    ----------
    rows : DataFrame
        The rows of these images alone, as `scorer.evaluate` returns them.
    images : dict of str to (S, H, W, 3) uint8 array
        The images in gray, colorized and in their own colors, keyed by `STATES`.
    """

    rows: pd.DataFrame
    images: dict[str, np.ndarray]


def write_samples(
    folder: Path, name: str, chosen: list[int], images: dict[str, np.ndarray]
) -> None:
    """Write one set of images; `chosen` are the indices of their rows."""
    np.save(folder / f"{name}.npy", np.stack([images[state] for state in STATES]))
    (folder / f"{name}.json").write_text(json.dumps(chosen) + "\n", encoding="utf-8")


def read_samples(folder: Path, name: str, rows: pd.DataFrame) -> Samples:
    """Read what `write_samples` wrote; `rows` are the rows of all test images."""
    images = np.load(folder / f"{name}.npy", allow_pickle=False)
    chosen = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Samples(rows.iloc[chosen], dict(zip(STATES, images, strict=True)))
