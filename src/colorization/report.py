"""The pages that people read: what ran, how well, and what it looks like."""

import base64
from dataclasses import dataclass
from typing import Any

import jinja2
import pandas as pd

from colorization.metrics import COLORIZERS, FLOORS, GRAY, MEAN_AB, MODEL
from colorization.parts import LEFT_OUT, PARTS

TITLE = "Image colorization"
NEAR_GREY = 2.0  # mean CIE Lab chroma under which a photograph counts as black and white

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("colorization"),
    autoescape=jinja2.select_autoescape(["html.j2"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

COLORIZER_LABELS = {
    MODEL: "{variant}",
    GRAY: "floor: gray (ab = 0)",
    MEAN_AB: "floor: mean_ab (the training set's mean)",
}


@dataclass(frozen=True)
class Run:
    """What the report tells of.

    Attributes
    ----------
    metrics : dict
        As `metrics.summarize` returns it.
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
        As `metrics.summarize` returns it.
    variant : str

    Returns
    -------
    list of dict of str to str
        With the keys name, psnr, ssim and mse, each figure with its standard error, and exact.
    """
    return [
        {
            "name": COLORIZER_LABELS[colorizer].format(variant=variant),
            "psnr": _with_error(metrics[colorizer], "psnr_rgb_db", 2),
            "ssim": _with_error(metrics[colorizer], "ssim_rgb", 4),
            "mse": _with_error(metrics[colorizer], "mse_ab", 5),
            "exact": str(metrics[colorizer]["exact"]),
        }
        for colorizer in COLORIZERS
    ]


def markdown_table(metrics: dict[str, Any], variant: str) -> str:
    """Render `results_table` as Markdown."""
    return _TEMPLATES.get_template("table.md.j2").render(rows=results_table(metrics, variant))


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
    return _render("report.html.j2", run, curves=_data_url(curves), samples=_data_url(samples))


def _render(template: str, run: Run, **pictures: str) -> str:
    left_out = run.split.loc[run.split["split"] == LEFT_OUT, "reason"].value_counts()
    machine = run.timings["train"]["hardware"]
    return _TEMPLATES.get_template(template).render(
        title=TITLE,
        run=run,
        rows=results_table(run.metrics, run.training["variant"]),
        margins=_margins(run.metrics),
        counts={part: int((run.split["split"] == part).sum()) for part in PARTS},
        left_out=left_out.to_dict(),
        near_grey=int((run.split["mean_chroma"] < NEAR_GREY).sum()),
        near_grey_chroma=NEAR_GREY,
        machine=machine,
        **pictures,
    )


def _margins(metrics: dict[str, Any]) -> str:
    """How far the model stands above or below each floor, in words."""
    return " and ".join(_margin(metrics["model_over"][floor], floor) for floor in FLOORS)


def _margin(difference: dict[str, Any], floor: str) -> str:
    margin = difference["psnr_rgb_db"]
    if margin is None:
        return f"cannot be compared with {floor}, which met every image exactly"
    distance = _with_error(difference | {"psnr_rgb_db": abs(margin)}, "psnr_rgb_db", 2)
    return f"{distance} dB {'above' if margin >= 0 else 'below'} {floor}"


def _with_error(figures: dict[str, Any], metric: str, digits: int) -> str:
    if figures[metric] is None:
        return "exact"
    mean = f"{figures[metric]:.{digits}f}"
    error = figures[f"{metric}_se"]
    return mean if error is None else f"{mean} ± {error:.{digits}f}"


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
