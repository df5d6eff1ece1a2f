"""The tables of a released model's card: scores by label and from other seeds, and its failures."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.dataset.labels import GROUPS, Subsets
from colorization.pages import rendering
from colorization.pages.rendering import BASELINE_NAMES, Table
from colorization.pages.vividness import sweep_table
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.gap import TEST
from colorization.scoring.metrics import metric
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
SAME = 0.05  # points of error removed


def at_vividness_0(evaluation: Evaluation, rows: pd.DataFrame) -> pd.DataFrame:
    """Replace the MSE at the default, "model_mse_ab", by that at vividness 0.

    That is the MSE of the distribution's mean, which the rows of the gap have.

    Parameters
    ----------
    evaluation : Evaluation
        With a sweep and the rows of the gap.
    rows : DataFrame
        The colorful rows of the evaluation.

    Raises
    ------
    ColorizationError
        If the evaluation lacks either, or the sweep says otherwise: vividness 0 then is not the
        mean.
    """
    gap = evaluation.gap_rows
    if gap is None:
        raise ColorizationError("the evaluation lacks the errors of the gap; make it again")
    mse = gap[gap["split"] == TEST].set_index("name")["mse_ab_best"]
    changed = rows.assign(**{f"{MODEL}_mse_ab": rows["name"].map(mse)})
    removed = summarize_metric(changed, metric(ERROR_REMOVED), MODEL).value
    swept = _sweep(evaluation).scores[ERROR_REMOVED].iloc[0]
    if removed is None or abs(removed - swept) > SAME:
        raise ColorizationError(
            f"at vividness 0 the sweep removes {swept:.2f}% of the error, the distribution's mean "
            f"{removed or 0:.2f}%; these must be the same"
        )
    return changed


def labels_table(evaluation: Evaluation, subsets: Subsets, min_chroma: float) -> Table:
    """Tabulate the scores on the test photographs of each of `LABELS`.

    Parameters
    ----------
    evaluation : Evaluation
    subsets : dict of str to frozenset of str
        As `labels.subsets` returns it.
    min_chroma : float
        As in `summary.colorful`.
    """
    rows = colorful(evaluation.rows, min_chroma)
    faithful = at_vividness_0(evaluation, rows)
    cells = []
    for label in LABELS:
        inside = rows["name"].isin(subsets.get(label, frozenset()))
        count = int(inside.sum())
        scores = ["too few"] * 3
        if count >= MIN_PHOTOGRAPHS:
            of_label = rows[inside]
            removed = (
                summarize_metric(each, metric(ERROR_REMOVED), MODEL)
                for each in (faithful[inside], of_label)
            )
            scores = [
                rendering.with_error(mean_with_se(gain(of_label)), metric(DIFFERENCE)),
                *(rendering.with_error(score, metric(ERROR_REMOVED)) for score in removed),
            ]
        cells.append([f"`{label}`", str(count), *scores])
    removed_title = metric(ERROR_REMOVED).title
    titles = [
        "label",
        "photographs",
        "gain in CIEDE2000 over gray, default vividness",
        f"{removed_title}, vividness 0",
        f"{removed_title}, default vividness",
    ]
    return Table(titles, cells)


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
        As `labels.subsets` returns it.
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
        for row in evaluation.samples["worst"].rows.to_dict("records")
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
