"""Chooses, writes and reads the test images that the pages display."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.settings import Evaluate
from colorization.dataset.examples import evenly_spaced
from colorization.labels.subsets import NATURE_ONLY, OBJECTS_ONLY, Subsets
from colorization.scoring.summary import GRAY, MODEL, colorful

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


def choose_samples(rows: pd.DataFrame, settings: Evaluate, subsets: Subsets) -> dict[str, Choice]:
    """Choose the images of each of `SETS`.

    Parameters
    ----------
    rows : DataFrame
        As in `scorer.Scored.rows`.
    settings : Evaluate
    subsets : dict of str to frozenset of str
        As `subsets.subsets` returns it; empty without labels.
    """
    best, worst = best_and_worst(rows, settings.min_chroma, settings.num_best_worst)
    return {
        EVENLY_SPACED: representative(rows, settings.min_chroma, settings.num_samples, subsets),
        BEST: best,
        WORST: worst,
    }


def representative(rows: pd.DataFrame, min_chroma: float, count: int, subsets: Subsets) -> Choice:
    """Choose photographs to show, none of them by hand.

    They are evenly spaced among the more colorful half: most differences between colorizers are
    invisible on the others. With labels, half of them are of nature only and half of objects only.

    Parameters
    ----------
    rows : DataFrame
        As in `Scored.rows`.
    min_chroma : float
        As in `summary.colorful`.
    count : int
    subsets : dict of str to frozenset of str
        As `subsets.subsets` returns it; empty without labels.

    Returns
    -------
    Choice
    """
    numbered = rows.reset_index(drop=True)
    half = more_colorful(colorful(numbered, min_chroma))
    half = half if len(half) else numbered
    kinds = {
        kind: half.index[half["name"].isin(subsets.get(kind, frozenset()))].tolist()
        for kind in (NATURE_ONLY, OBJECTS_ONLY)
    }
    if not all(kinds.values()):
        kinds = {"": half.index.tolist()}
    counts = [-(-count // len(kinds)), count // len(kinds)]
    chosen = [
        (members[position], kind)
        for (kind, members), number in zip(kinds.items(), counts, strict=False)
        for position in evenly_spaced(len(members), number)
    ]
    return Choice([index for index, _ in chosen], [kind for _, kind in chosen if kind])


def best_and_worst(rows: pd.DataFrame, min_chroma: float, count: int) -> tuple[Choice, Choice]:
    """Choose the photographs that colorization improves most and least, of the colorful ones.

    The improvement is the decrease in CIEDE2000 from the gray to the colorized image. By the error
    of the colorized image alone, the best would be nearly gray photographs; by the improvement, the
    worst would be. No image is in both lists, so they are shorter if there are too few images.

    Parameters
    ----------
    rows : DataFrame
        As in `Scored.rows`.
    min_chroma : float
        As in `summary.colorful`; if no photograph is colorful, all are taken.
    count : int
        Length of each list.

    Returns
    -------
    best, worst : Choice
        The most and the least improved first.
    """
    numbered = rows.reset_index(drop=True)
    chosen = colorful(numbered, min_chroma)
    rows = chosen if len(chosen) else numbered
    gain = rows[f"{GRAY}_ciede2000_mean"] - rows[f"{MODEL}_ciede2000_mean"]
    order = gain.sort_values(ascending=False, kind="stable").index.tolist()
    best = min(count, -(-len(order) // 2))
    worst = min(count, len(order) // 2)
    return Choice(order[:best]), Choice(order[::-1][:worst])


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
