"""Reads and writes the test images that the pages display."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

EVENLY_SPACED, BEST, WORST = SETS = ("evenly_spaced", "best", "worst")
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
    kinds : list of str
        What each image is of, as `subsets.GROUPS` names it; empty without labels.
    """

    rows: pd.DataFrame
    images: dict[str, np.ndarray]
    kinds: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """The test images of a set.

    Attributes
    ----------
    indices : list of int
        Their positions among all test images.
    kinds : list of str
        As in `Samples`.
    """

    indices: list[int]
    kinds: list[str] = field(default_factory=list)


def more_colorful(scored: pd.DataFrame) -> pd.DataFrame:
    """Select the more colorful half of the scored photographs."""
    return scored[scored["colorfulness"] >= scored["colorfulness"].median()]


def write_samples(folder: Path, name: str, choice: Choice, images: dict[str, np.ndarray]) -> None:
    """Write NAME.npy with the images, and NAME.json with the indices of their rows, and kinds."""
    np.save(folder / f"{name}.npy", np.stack([images[state] for state in STATES]))
    content = {"rows": choice.indices, "kinds": choice.kinds} if choice.kinds else choice.indices
    (folder / f"{name}.json").write_text(json.dumps(content) + "\n", encoding="utf-8")


def read_samples(folder: Path, name: str, rows: pd.DataFrame) -> Samples:
    """Read what `write_samples` wrote; `rows` are the rows of all test images."""
    images = np.load(folder / f"{name}.npy", allow_pickle=False)
    content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    if isinstance(content, list):
        content = {"rows": content, "kinds": []}
    by_state = dict(zip(STATES, images, strict=True))
    return Samples(rows.iloc[content["rows"]], by_state, content["kinds"])
