"""The tables of a released model's card: scores by label and from other seeds, and its failures."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.labels.subsets import GROUPS, Subsets
from colorization.pages import rendering
from colorization.pages.rendering import BASELINE_NAMES, Table
from colorization.pages.vividness import sweep_table
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.metrics import metric
from colorization.scoring.samples import WORST
from colorization.scoring.summary import (
    CONSTANT,
    ERROR_REMOVED,
    GRAY,
    MODEL,
    TRIVIAL,
    Score,
    colorful,
    mean_with_se,
    summarize_metric,
)
from colorization.scoring.vividness import DIFFERENCE, STAINS, SUMMARIZED, VividnessSweep
from colorization.study.labels import MIN_PHOTOGRAPHS

LABELS = (
    "sky",
    "sea",
    "plant_life",
    "flower_r1",
    "food",
    "people_r1",
    "portrait_r1",
    "animals",
    "car",
    "structures",
    "indoor",
)
WORST_LABELS = 3
STAINED = 1.0  # percent of a photograph's pixels, from which it counts as stained
SAME = 0.2  # points of error removed, which half precision may change


def labels_table(
    evaluation: Evaluation, mse_at_0: pd.Series, subsets: Subsets, min_chroma: float
) -> Table:
    """Tabulate the scores on the test photographs of each of `LABELS`.

    Parameters
    ----------
    evaluation : Evaluation
        At the default vividness.
    mse_at_0 : Series
        The MSE of ab at vividness 0, by name; see `arrays.mse_of_photographs`.
    subsets : dict of str to frozenset of str
        As `subsets.subsets` returns it.
    min_chroma : float
        As in `summary.colorful`.

    Raises
    ------
    ColorizationError
        If the error removed at vividness 0 is not that of the evaluation's sweep.
    """
    rows = colorful(evaluation.rows, min_chroma)
    removed = metric(ERROR_REMOVED)
    faithful = rows.assign(**{f"{MODEL}_{removed.key}": rows["name"].map(mse_at_0)})
    _check_same(summarize_metric(faithful, removed, MODEL), _sweep(evaluation))
    cells = []
    for label in LABELS:
        inside = rows["name"].isin(subsets.get(label, frozenset()))
        count = int(inside.sum())
        scores = ["too few"] * 3
        if count >= MIN_PHOTOGRAPHS:
            scores = [
                rendering.with_error(mean_with_se(gain(rows[inside])), metric(DIFFERENCE)),
                *(
                    rendering.with_error(summarize_metric(scored[inside], removed, MODEL), removed)
                    for scored in (faithful, rows)
                ),
            ]
        cells.append([f"`{label}`", str(count), *scores])
    titles = [
        "label",
        "photographs",
        "gain in CIEDE2000 over gray, default vividness",
        f"{removed.title}, vividness 0",
        f"{removed.title}, default vividness",
    ]
    return Table(titles, cells)


def _check_same(packaged: Score, sweep: VividnessSweep) -> None:
    """Check the error that a package removes at vividness 0."""
    evaluated = float(sweep.scores[ERROR_REMOVED].iloc[0])
    if packaged.value is None or abs(packaged.value - evaluated) > SAME:
        raise ColorizationError(
            f"at vividness 0 the package removes {packaged.value or 0:.2f}% of the error, "
            f"the evaluated model {evaluated:.2f}%; evaluate and package the same model"
        )


def gain(rows: pd.DataFrame) -> pd.Series:
    """How much closer than gray each photograph is by CIEDE2000, at the default vividness."""
    return rows[f"{GRAY}_{DIFFERENCE}"] - rows[f"{MODEL}_{DIFFERENCE}"]


def seeds_table(evaluations: Sequence[Evaluation]) -> Table:
    """Tabulate each training at vividness 0, its default and 1, then the trivial baselines.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        One for each seed, with sweeps, of the same test photographs.
    """
    rows: list[list[str]] = []
    for evaluation in evaluations:
        sweep = _sweep(evaluation)
        table = sweep_table(sweep)
        positions = sweep.scores["vividness"]
        default = (positions - sweep.default).abs().argmin()
        for index in sorted({0, int(default), len(positions) - 1}):
            first, *cells = table.rows[index]
            rows.append([f"seed {evaluation.training.seed}, vividness {first}", *cells])
    summary = evaluations[0].summary
    for name in TRIVIAL:
        scores = (summary.scores[name][key] for key in SUMMARIZED)
        cells = [
            rendering.with_error(score, metric(key))
            for key, score in zip(SUMMARIZED, scores, strict=True)
        ]
        blank = [""] * (len(table.titles) - 1 - len(cells))
        rows.append([BASELINE_NAMES[name], *cells, *blank])
    return Table(["", *table.titles[1:]], rows)


def failures(evaluation: Evaluation, subsets: Subsets, min_chroma: float) -> dict[str, Any]:
    """What the model does badly at its default, in figures for the card.

    Parameters
    ----------
    evaluation : Evaluation
    subsets : dict of str to frozenset of str
        As `subsets.subsets` returns it.
    min_chroma : float
        As in `summary.colorful`.

    Returns
    -------
    dict
        "worse_than_gray", "worse_than_constant", "stained": shares of the photographs, percent;
        "labels": the `WORST_LABELS` with the least mean gain, as pairs of name and `Score`;
        "examples": a table of the photographs with the least gain.
    """
    rows = colorful(evaluation.rows, min_chroma)
    gains = gain(rows)
    by_label: dict[str, Score] = {}
    for label in sorted(set(subsets) - set(GROUPS)):
        inside = rows["name"].isin(subsets[label])
        if inside.sum() >= MIN_PHOTOGRAPHS:
            by_label[label] = mean_with_se(gains[inside])
    worst = sorted(by_label, key=lambda label: by_label[label].value or 0)[:WORST_LABELS]
    examples = [
        [
            f"`{row['name']}`",
            f"{row[f'{GRAY}_{DIFFERENCE}']:.1f}",
            f"{row[f'{MODEL}_{DIFFERENCE}']:.1f}",
            ", ".join(label for label in by_label if row["name"] in subsets[label]),
        ]
        for row in evaluation.samples[WORST].rows.to_dict("records")
    ]
    errors = {name: rows[f"{name}_mse_ab"] for name in (MODEL, CONSTANT)}
    return {
        "worse_than_gray": _percent(gains < 0),
        "worse_than_constant": _percent(errors[MODEL] > errors[CONSTANT]),
        "stained": _percent(rows[f"{MODEL}_{STAINS}"] > STAINED),
        "labels": [
            (label, rendering.with_error(by_label[label], metric(DIFFERENCE))) for label in worst
        ],
        "examples": Table(["photograph", "gray", "colorized", "labels"], examples),
    }


def _sweep(evaluation: Evaluation) -> VividnessSweep:
    if evaluation.sweep is None or STAINS not in evaluation.sweep.scores:
        raise ColorizationError("the evaluation lacks stains by vividness; make it again")
    return evaluation.sweep


def _percent(chosen: pd.Series) -> str:
    return f"{100 * chosen.mean():.0f}%"
