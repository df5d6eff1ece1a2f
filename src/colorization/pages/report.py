"""The pages on one variant: what ran, how well, and what it looks like."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from colorization.dataset import inventory
from colorization.pages import rendering
from colorization.pages.rendering import Cell, Table
from colorization.scoring.evaluation import STATES, Evaluation, Shown
from colorization.scoring.summary import COLORIZERS, FLOORS, GRAY, MODEL

TITLE = "Image colorization"


@dataclass(frozen=True)
class Run:
    """What the report tells of.

    Attributes
    ----------
    evaluation : Evaluation
    split : DataFrame
        As `split.split_archive` returns it.
    timings : dict of str to dict
        By stage, as `provenance.write_timing` writes them, in the pipeline's order.
    params : str
        The text of params.yaml.
    source : str
        `download.source`.
    commit : str
        As `provenance.commit` returns it.
    versions : dict of str to str
        By package.
    """

    evaluation: Evaluation
    split: pd.DataFrame
    timings: dict[str, dict[str, Any]]
    params: str
    source: str
    commit: str
    versions: dict[str, str]

    @property
    def metrics(self) -> dict[str, Any]:
        """As `scores.summarize` returns it."""
        return self.evaluation.metrics

    @property
    def training(self) -> dict[str, Any]:
        """The model directory's training.json."""
        return self.evaluation.training


def results_table(metrics: dict[str, Any], variant: str) -> Table:
    """The model, then the floors.

    Parameters
    ----------
    metrics : dict
        As `scores.summarize` returns it.
    variant : str
    """
    rows = [
        rendering.scores_row(
            rendering.COLORIZER_LABELS[colorizer].format(variant=variant), metrics[colorizer]
        )
        for colorizer in COLORIZERS
    ]
    return Table(rendering.TITLES, rows)


def markdown(run: Run) -> str:
    """Render the report as Markdown; its pictures lie beside it."""
    return _render("report.md.j2", run, curves="curves.png", chroma="chroma.png")


def html(run: Run, curves: bytes, chroma: bytes) -> str:
    """Render the report as one HTML page that needs nothing beside it.

    Parameters
    ----------
    run : Run
    curves, chroma : bytes
        PNG files.
    """
    return _render(
        "report.html.j2",
        run,
        curves=rendering.picture_url(curves),
        chroma=rendering.picture_url(chroma),
        compared={name: _compared(shown) for name, shown in run.evaluation.shown.items()},
    )


def _compared(shown: Shown) -> list[dict[str, str]]:
    """For each image its name, what it scores, and a URL for each state."""
    return [
        {
            "name": row["name"],
            "difference": f"{row[f'{MODEL}_ciede2000_mean']:.2f}",
            "gray_difference": f"{row[f'{GRAY}_ciede2000_mean']:.2f}",
            **{state: rendering.photograph_url(shown.images[state][index]) for state in STATES},
        }
        for index, (_, row) in enumerate(shown.rows.iterrows())
    ]


def _render(template: str, run: Run, **pictures: Any) -> str:
    machine = run.timings["train"]["hardware"]
    stages = [
        [
            Cell(stage),
            Cell(f"{timing['seconds']:.1f}"),
            Cell(str(timing.get("images_per_second", ""))),
        ]
        for stage, timing in run.timings.items()
    ]
    return rendering.render(
        template,
        title=TITLE,
        run=run,
        results=results_table(run.metrics, run.training["variant"]),
        stages=Table(["stage", "seconds", "images per second"], stages),
        headline=headline(run.metrics, run.training["variant"]),
        images=f"{len(run.split):,}",
        test_images=run.metrics["images"],
        data=inventory.summarize(run.split),
        machine=machine,
        **pictures,
    )


def headline(metrics: dict[str, Any], name: str) -> str:
    """Tell in a sentence how far a model stands above or below each floor.

    Parameters
    ----------
    metrics : dict
        As `scores.summarize` returns it.
    name : str
        The model's.
    """
    margins = [
        _margin(floor, metrics["model_over"][floor])
        for floor in FLOORS
        if metrics["model_over"][floor]["psnr_rgb_db"] is not None
    ]
    if not margins:
        return f"{name} and the floors met too many images exactly for their PSNR to be compared."
    return f"{name} stands {' and '.join(margins)} in PSNR."


def _margin(floor: str, difference: dict[str, Any]) -> str:
    margin = difference["psnr_rgb_db"]
    distance = rendering.with_error(difference | {"psnr_rgb_db": abs(margin)}, "psnr_rgb_db", 2)
    return f"{distance} dB {'above' if margin >= 0 else 'below'} {floor}"
