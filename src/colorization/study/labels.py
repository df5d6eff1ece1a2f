"""Error removed by label: on which photographs a variant colors better than one color.

All is over the colorful test photographs of a subset: those of a label or of a group of labels. The
constant color is that of the whole training set, as everywhere. Beside it stands the mean color of
the subset's own training photographs. A network that removes no more error than that color may have
recognized what the photographs show, but colors them no better than one color per label does.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.labels.subsets import (
    GROUPS,
    NATURE,
    NATURE_ONLY,
    OBJECTS,
    OBJECTS_ONLY,
    VEGETATION,
)
from colorization.pages.rendering import Table
from colorization.scoring.summary import CONSTANT, MODEL
from colorization.study import measures, plots
from colorization.study.estimates import Estimate, function_of_means, with_interval
from colorization.study.experiments import Experiments, table_of
from colorization.study.label_scores import LabelScores
from colorization.study.plots import Interval

LABEL_SCORES = "label_scores.json"
BESIDE_OBJECTS = ("sea", VEGETATION)  # compared with objects only, beside nature only
MIN_PHOTOGRAPHS = 20  # of a subset in tables and figures; fewer give no interval worth printing
COLOR_TITLE = "the label's mean color"


def score_labels(experiments: Experiments) -> LabelScores:
    """Score every variant on every subset of the test photographs.

    Without labels at hand, these are the published scores, if there are any.
    """
    if not experiments.subsets:
        return experiments.label_scores
    inside = {subset: experiments.inside(subset) for subset in experiments.subsets}
    colors = _color_tables(experiments)
    variants = experiments.variants
    return LabelScores(
        photographs={subset: int(mask.sum()) for subset, mask in inside.items() if mask.any()},
        colors=_defined(
            {
                subset: _score_color(experiments, mse, inside[subset])
                for subset, mse in colors.items()
            }
        ),
        error_removed={
            variant: _defined(
                {subset: measures.error_removed(variant, subset)(experiments) for subset in inside}
            )
            for variant in variants
        },
        over_color={
            variant: _defined(
                {
                    subset: _over_color(experiments, variant, mse, inside[subset])
                    for subset, mse in colors.items()
                }
            )
            for variant in variants
        },
        leads={
            variant: _defined(
                {
                    subset: measures.lead_over_objects(variant, subset)(experiments)
                    for subset in (NATURE_ONLY, *BESIDE_OBJECTS)
                }
            )
            for variant in variants
        },
        seeds=experiments.seeds,
        images=len(experiments.photographs),
        min_chroma=experiments.min_chroma,
    )


def _color_tables(experiments: Experiments) -> dict[str, np.ndarray]:
    """MSE of each subset's mean color on the subset's test photographs and all others, (1, I)."""
    colors = experiments.label_colors
    means = colors[["mean_a", "mean_b"]].to_numpy(float)
    return {
        subset: mse_of_color(experiments.photographs, color).to_numpy(float)[None]
        for subset, color in zip(colors["subset"], means, strict=True)
        if experiments.inside(subset).any()
    }


def mse_of_color(rows: pd.DataFrame, color: Sequence[float] | np.ndarray) -> pd.Series:
    """MSE of ab of each test photograph, colored in one color.

    Parameters
    ----------
    rows : DataFrame
        "gray_mse_ab", and the photograph's "mean_a" and "mean_b", in the network's units.
    color : (float, float)
        a and b, in the network's units.

    Returns
    -------
    Series
        Exact, since the mean of (x - c)^2 is that of x^2, minus 2 c mean(x) - c^2.
    """
    a, b = color
    return (
        rows["gray_mse_ab"] - (2 * (a * rows["mean_a"] + b * rows["mean_b"]) - (a * a + b * b)) / 2
    )


def _score_color(experiments: Experiments, mse: np.ndarray, mask: np.ndarray) -> Estimate | None:
    constant = experiments.photographs[f"{CONSTANT}_mse_ab"].to_numpy(float)[None]
    return function_of_means([mse[:, mask], constant[:, mask]], measures.REMOVED.of_means)


def _over_color(
    experiments: Experiments, variant: str, mse: np.ndarray, mask: np.ndarray
) -> Estimate | None:
    trainings = experiments.trainings_of(variant)
    model, constant = (table_of(trainings, f"{name}_mse_ab") for name in (MODEL, CONSTANT))
    color = np.broadcast_to(mse, model.shape)
    tables = [table[:, mask] for table in (model, color, constant)]
    return function_of_means(tables, lambda a, b, c: 100 * (b - a) / c)


def _defined(estimates: dict[str, Estimate | None]) -> dict[str, Estimate]:
    return {key: estimate for key, estimate in estimates.items() if estimate is not None}


def labels_table(scores: LabelScores, variants: Sequence[str]) -> Table:
    """Tabulate the error removed on each subset, percent with intervals.

    Parameters
    ----------
    scores : LabelScores
    variants : sequence of str
        Those to tabulate. Of each also what it removes more than the subset's mean color.
    """
    titles = ["", "photographs", COLOR_TITLE]
    for variant in variants:
        titles += [variant, f"{variant} minus that color"]
    rows = []
    for subset in _printed(scores):
        row = [
            subset,
            f"{scores.photographs[subset]:,}",
            with_interval(scores.colors.get(subset), 1),
        ]
        for variant in variants:
            row.append(with_interval(scores.error_removed.get(variant, {}).get(subset), 1))
            row.append(with_interval(scores.over_color.get(variant, {}).get(subset), 1))
        rows.append(row)
    return Table(titles, rows)


def draw_labels(scores: LabelScores, variants: Sequence[str], out: Path) -> None:
    """Plot the error removed on each subset, with intervals, of some variants and of its color.

    Of labels of which MIRFLICKR has two, only the wider one is drawn.

    Parameters
    ----------
    scores : LabelScores
        With photographs.
    variants : sequence of str
    out : Path
        A PNG.
    """
    series = {variant: scores.error_removed.get(variant, {}) for variant in variants}
    series[COLOR_TITLE] = scores.colors
    subsets = [subset for subset in _printed(scores) if not subset.endswith("_r1")]
    plots.forest_by_label(
        [f"{subset} ({scores.photographs[subset]:,})" for subset in subsets],
        {
            name: [
                Interval.of(subset, estimates[subset]) if subset in estimates else None
                for subset in subsets
            ]
            for name, estimates in series.items()
        },
        COLOR_TITLE,
        out,
    )


def _printed(scores: LabelScores) -> list[str]:
    """The subsets with enough photographs: groups, labels of nature, of objects, and others."""
    enough = [subset for subset in scores.photographs if _enough(scores, subset)]
    return sorted(enough, key=_kind)  # keeps the alphabetical order within a kind


def _enough(scores: LabelScores, subset: str) -> bool:
    return scores.photographs.get(subset, 0) >= MIN_PHOTOGRAPHS


def _kind(subset: str) -> int:
    """The place of a subset's kind; the name of a label may end in `_r1`."""
    kinds = (frozenset(GROUPS), NATURE, OBJECTS)
    label = subset.removesuffix("_r1")
    return next((place for place, kind in enumerate(kinds) if label in kind), len(kinds))


def sea_and_vegetation(scores: LabelScores, variant: str) -> str:
    """Compare a variant on sea and on vegetation with objects only, in a sentence.

    No photograph of sea or vegetation counts as objects only.

    Returns
    -------
    str
        Empty if there are too few photographs.
    """
    removed = scores.error_removed.get(variant, {})
    parts = []
    for subset in BESIDE_OBJECTS:
        lead = scores.lead_over_objects(variant, subset)
        if lead is not None and subset in removed and _enough(scores, subset):
            less = lead.value < 0
            unit = f" points {'less' if less else 'more'}"
            difference = with_interval(lead.negated() if less else lead, 1, unit=unit)
            parts.append(f"of {subset} {with_interval(removed[subset], 1, unit='%')}, {difference}")
    if not parts or OBJECTS_ONLY not in removed or not _enough(scores, OBJECTS_ONLY):
        return ""
    objects = with_interval(removed[OBJECTS_ONLY], 1, unit="%")
    return (
        f"On photographs of {OBJECTS_ONLY} `{variant}` removes {objects} of the error; "
        f"{'; '.join(parts)}."
    )
