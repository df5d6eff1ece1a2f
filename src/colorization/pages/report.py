"""The pages on one variant: its training, its scores and sample images."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from colorization.core.provenance import Provenance, Run
from colorization.core.text import printable
from colorization.pages import inventory, rendering
from colorization.pages.rendering import BASELINE_NAMES, Table
from colorization.pages.vividness import sweep_table
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.metrics import metric
from colorization.scoring.samples import BEST, EVENLY_SPACED, STATES, WORST, Samples
from colorization.scoring.summary import (
    COLORIZERS,
    ERROR_REMOVED,
    GRAY,
    MODEL,
    PSNR,
    Score,
    Summary,
)

TITLE = "Image colorization"
SHEETS = {EVENLY_SPACED: "samples.png", BEST: "best.png", WORST: "worst.png"}


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
    """Tabulate the scores of the model, then of the trivial baselines."""
    rows = [
        rendering.scores_row(
            rendering.COLORIZER_LABELS[colorizer].format(variant=variant), summary.scores[colorizer]
        )
        for colorizer in COLORIZERS
    ]
    return Table(rendering.titles(), rows)


def markdown(content: Content, provenance: Provenance | None = None) -> str:
    """Render the report as Markdown.

    Without its provenance it has the same bytes for the same results; with it, it is the text of
    the HTML page, with times, hardware and commit.
    """
    evaluation = content.evaluation
    variant = evaluation.training.variant
    return rendering.render(
        "report.md.j2",
        title=TITLE,
        content=content,
        training=evaluation.training,
        samples=evaluation.samples,
        results=results_table(evaluation.summary, variant),
        headline=headline(evaluation.summary, variant),
        images=f"{len(content.split):,}",
        test_images=evaluation.summary.images,
        scored_images=evaluation.summary.images_scored,
        data=inventory.summarize(content.split),
        sweeps={variant: sweep_table(evaluation.sweep)} if evaluation.sweep else {},
        provenance=provenance,
        stages=_stages_table(provenance.runs) if provenance else None,
    )


def html(content: Content, provenance: Provenance, figures: Mapping[str, str]) -> str:
    """Render the report as one HTML page.

    Parameters
    ----------
    content : Content
    provenance : Provenance
    figures : dict of str to str
        Data URLs of curves.png, chroma.png and the sweep's pictures.
    """
    training = content.evaluation.training
    galleries = {
        sheet: _gallery(content.evaluation.samples[name], pixelated=training.image_size < 128)
        for name, sheet in SHEETS.items()
    }
    text = markdown(content, provenance)
    return rendering.html_page(f"{TITLE}: {training.variant}", text, {**figures, **galleries})


def _stages_table(runs: dict[str, Run]) -> Table:
    rows = [
        [stage, f"{run.seconds:.1f}", f"{run.images_per_second:g}" if run.images_per_second else ""]
        for stage, run in runs.items()
    ]
    return Table(["stage", "seconds", "images per second"], rows)


def _gallery(samples: Samples, *, pixelated: bool) -> Markup:
    """HTML of sample images, which a slider turns from gray to colorized to truth."""
    images = [
        {
            "name": printable(row["name"]),
            "difference": f"{row[f'{MODEL}_ciede2000_mean']:.2f}",
            "gray_difference": f"{row[f'{GRAY}_ciede2000_mean']:.2f}",
            **{state: rendering.photograph_url(samples.images[state][index]) for state in STATES},
        }
        for index, (_, row) in enumerate(samples.rows.iterrows())
    ]
    page = rendering.render("gallery.html.j2", images=images, pixelated=pixelated)
    return Markup(page)  # noqa: S704 (the template escapes)


def headline(summary: Summary, name: str) -> str:
    """What the named model is worth, compared with the baselines, in a sentence."""
    if summary.constant_output:
        return f"{name} gives a constant color."
    removed = summary.model[ERROR_REMOVED]
    if removed.value is None:
        return f"the test images do not tell what {name} is worth: none has enough color."
    verb, of = ("removes", "of") if removed.value >= 0 else ("adds", "to")
    share = rendering.with_error(Score(abs(removed.value), removed.se), metric(ERROR_REMOVED))
    margins = [
        _margin(baseline, score)
        for baseline, score in summary.psnr_gain.items()
        if score.value is not None
    ]
    psnr = (
        f"its PSNR is {' and '.join(margins)}"
        if margins
        else "too many images are exact to compare its PSNR with the baselines"
    )
    return f"{name} {verb} {share}% {of} the squared error of the constant color; {psnr}."


def _margin(baseline: str, gain: Score) -> str:
    side = "above" if gain.value is not None and gain.value >= 0 else "below"
    distance = Score(abs(gain.value or 0), gain.se)
    return f"{rendering.with_error(distance, metric(PSNR))} dB {side} {BASELINE_NAMES[baseline]}"
