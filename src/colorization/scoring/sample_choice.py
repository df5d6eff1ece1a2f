"""Chooses the test images that the pages display, none of them by hand."""

import pandas as pd

from colorization.core.settings import Evaluate
from colorization.dataset.examples import evenly_spaced
from colorization.labels.subsets import NATURE_ONLY, OBJECTS_ONLY, Subsets
from colorization.scoring.samples import BEST, EVENLY_SPACED, WORST, Choice, more_colorful
from colorization.scoring.summary import GRAY, MODEL, colorful


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
