"""The pages on one variant: its training, its scores and its images."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from colorization.core.provenance import Circumstances, Run
from colorization.dataset import inventory
from colorization.pages import rendering
from colorization.pages.rendering import Cell, Table
from colorization.pages.vividness import Turned, sweep_table
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.metrics import metric
from colorization.scoring.samples import STATES, Samples
from colorization.scoring.summary import COLORIZERS, GRAY, MODEL, PSNR, Score, Summary

TITLE = "Image colorization"


@dataclass(frozen=True)
class Content:
    """The results and settings that the report presents.

    Attributes
    ----------
    evaluation : Evaluation
    split : DataFrame
        As `split.split_archive` returns it.
    params : str
        The text of params.yaml.
    source : str
        `download.source`.
    """

    evaluation: Evaluation
    split: pd.DataFrame
    params: str
    source: str


def results_table(summary: Summary, variant: str) -> Table:
    """Tabulate the scores of the model, then of the trivial."""
    rows = [
        rendering.scores_row(
            rendering.COLORIZER_LABELS[colorizer].format(variant=variant), summary.scores[colorizer]
        )
        for colorizer in COLORIZERS
    ]
    return Table(rendering.titles(), rows)


def markdown(content: Content) -> str:
    """Render the report as Markdown, with the same bytes for the same results."""
    return rendering.render("report.md.j2", **_context(content))


def html(
    content: Content,
    circumstances: Circumstances,
    curves: bytes,
    chroma: bytes,
    turned: dict[str, Turned],
) -> str:
    """Render the report as one HTML page that needs no other file.

    Parameters
    ----------
    content : Content
    circumstances : Circumstances
    curves, chroma : bytes
        PNG files.
    turned : dict of str to Turned
        The variant's dial, by the variant's name; empty if it has none.
    """
    return rendering.render(
        "report.html.j2",
        **_context(content),
        commit=circumstances.commit,
        stages=_stages_table(circumstances.runs),
        training_run=circumstances.runs.get("train"),
        curves=rendering.picture_url(curves),
        chroma=rendering.picture_url(chroma),
        turned=turned,
        compared={name: _compared(shown) for name, shown in content.evaluation.shown.items()},
    )


def _context(content: Content) -> dict[str, Any]:
    evaluation = content.evaluation
    variant = evaluation.training.variant
    return {
        "title": TITLE,
        "content": content,
        "training": evaluation.training,
        "results": results_table(evaluation.summary, variant),
        "headline": headline(evaluation.summary, variant),
        "images": f"{len(content.split):,}",
        "test_images": evaluation.summary.images,
        "data": inventory.summarize(content.split),
        "dials": {variant: sweep_table(evaluation.dial)} if evaluation.dial else {},
    }


def _stages_table(runs: dict[str, Run]) -> Table:
    rows = [
        [
            Cell(stage),
            Cell(f"{run.seconds:.1f}", run.seconds),
            Cell("")
            if run.images_per_second is None
            else Cell(f"{run.images_per_second:g}", run.images_per_second),
        ]
        for stage, run in runs.items()
    ]
    return Table(["stage", "seconds", "images per second"], rows)


def _compared(shown: Samples) -> list[dict[str, str]]:
    """Give each image's name, its CIEDE2000, that of the gray image, and a URL for each state."""
    return [
        {
            "name": row["name"],
            "difference": f"{row[f'{MODEL}_ciede2000_mean']:.2f}",
            "gray_difference": f"{row[f'{GRAY}_ciede2000_mean']:.2f}",
            **{state: rendering.photograph_url(shown.images[state][index]) for state in STATES},
        }
        for index, (_, row) in enumerate(shown.rows.iterrows())
    ]


def headline(summary: Summary, name: str) -> str:
    """Tell in a sentence how far the named model stands above or below each floor."""
    margins = [
        _margin(floor, score) for floor, score in summary.over.items() if score.value is not None
    ]
    if not margins:
        return (
            f"too many images are exact for the PSNR of {name} and of the baselines to be compared."
        )
    return f"the PSNR of {name} is {' and '.join(margins)}."


def _margin(floor: str, over: Score) -> str:
    above = over.value is not None and over.value >= 0
    distance = Score(abs(over.value or 0), over.error)
    dB = rendering.with_error(distance, metric(PSNR))
    return f"{dB} dB {'above' if above else 'below'} {rendering.BASELINE_NAMES[floor]}"
