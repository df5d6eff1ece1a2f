"""The pages that people read: what ran, how well, and what it looks like."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from colorization import pages, split_summary
from colorization.scores import COLORIZERS, FLOORS

TITLE = "Image colorization"


@dataclass(frozen=True)
class Run:
    """What the report tells of.

    Attributes
    ----------
    metrics : dict
        As `scores.summarize` returns it.
    training : dict
        The model directory's training.json.
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

    metrics: dict[str, Any]
    training: dict[str, Any]
    split: pd.DataFrame
    timings: dict[str, dict[str, Any]]
    params: str
    source: str
    commit: str
    versions: dict[str, str]


def results_table(metrics: dict[str, Any], variant: str) -> list[dict[str, str]]:
    """Rows of the results table: the model, then the floors.

    Parameters
    ----------
    metrics : dict
        As `scores.summarize` returns it.
    variant : str

    Returns
    -------
    list of dict of str to str
        With the keys name, psnr, ssim and mse, each figure with its standard error, and exact.
    """
    return [
        pages.scores_row(
            pages.COLORIZER_LABELS[colorizer].format(variant=variant), metrics[colorizer]
        )
        for colorizer in COLORIZERS
    ]


def markdown(run: Run) -> str:
    """Render the report as Markdown; its pictures lie beside it."""
    return _render("report.md.j2", run, curves="curves.png", samples="samples.png")


def html(run: Run, curves: bytes, samples: bytes) -> str:
    """Render the report as one HTML page that needs nothing beside it.

    Parameters
    ----------
    run : Run
    curves, samples : bytes
        PNG files.
    """
    return _render(
        "report.html.j2", run, curves=pages.data_url(curves), samples=pages.data_url(samples)
    )


def _render(template: str, run: Run, **pictures: str) -> str:
    machine = run.timings["train"]["hardware"]
    return pages.render(
        template,
        title=TITLE,
        run=run,
        rows=results_table(run.metrics, run.training["variant"]),
        headline=headline(run.metrics, run.training["variant"]),
        images=f"{len(run.split):,}",
        data=split_summary.summarize(run.split),
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
    distance = pages.with_error(difference | {"psnr_rgb_db": abs(margin)}, "psnr_rgb_db", 2)
    return f"{distance} dB {'above' if margin >= 0 else 'below'} {floor}"
