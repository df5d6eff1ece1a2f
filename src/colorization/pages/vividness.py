"""Tables and pictures of a model with a dial: its scores and its images along the dial."""

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from colorization.core.files import atomic_folder
from colorization.core.tables import write_table
from colorization.pages import pictures, rendering
from colorization.pages.rendering import Cell, Table
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.metrics import metric
from colorization.scoring.summary import GRAY, PSNR, TRIVIAL, Score
from colorization.scoring.vividness import SHOWN, Dial

CURVES, SAMPLES = "curves.png", "samples.png"
TOLD = {
    f"psnr_gain_over_{floor}_db": (f"PSNR over {rendering.BASELINE_NAMES[floor]}, dB", metric(PSNR))
    for floor in TRIVIAL
} | {key: (metric(key).heading, metric(key)) for key in ("ciede2000_mean", "colorfulness_ratio")}


def sweep_table(dial: Dial) -> Table:
    """Tabulate the scores along a dial, a row per position."""
    rows = []
    for row in dial.scores.to_dict("records"):
        position = row["vividness"]
        here = " (default)" if abs(position - dial.default) < 1e-6 else ""
        cells = [Cell(f"{position:.1f}{here}", position)]
        for key, (_, measured) in TOLD.items():
            score = Score(_known(row[key]), _known(row[f"{key}_se"]))
            cells.append(Cell(rendering.with_error(score, measured), score.value))
        rows.append(cells)
    return Table(["vividness", *(title for title, _ in TOLD.values())], rows)


def _known(value: float) -> float | None:
    """A table's value, or None where it has none."""
    return None if math.isnan(value) else value


def write_sweeps(evaluations: dict[str, Evaluation], out: Path) -> None:
    """Write the scores of all trainings that have a dial, and a folder of pictures for each.

    Parameters
    ----------
    evaluations : dict of str to Evaluation
        By the training's name.
    out : Path
        A folder; replaced.
    """
    dials = {name: found.dial for name, found in evaluations.items() if found.dial}
    scores = [dial.scores.assign(training=name) for name, dial in dials.items()]
    with atomic_folder(out) as folder:
        none = pd.DataFrame({"training": []})
        write_table(pd.concat(scores) if scores else none, folder / "scores.csv")
        for name, dial in dials.items():
            (folder / name).mkdir()
            _draw_dial(evaluations[name], dial, folder / name)


def _draw_dial(evaluation: Evaluation, dial: Dial, folder: Path) -> None:
    gray = float(evaluation.rows[f"{GRAY}_ciede2000_mean"].mean())
    pictures.dial_curves(dial.scores, gray, folder / CURVES)
    images = evaluation.shown["evenly_spaced"].images
    turned = zip(SHOWN, dial.images.swapaxes(0, 1), strict=True)
    columns = {"gray": images["gray"]}
    columns |= {f"vividness {position:g}": shown for position, shown in turned}
    pictures.compared_samples(columns | {"truth": images["truth"]}, folder / SAMPLES)


@dataclass(frozen=True)
class Turned:
    """The table and pictures of one training's dial, ready for a page.

    Attributes
    ----------
    table : Table
    curves, samples : str
        URLs of the pictures.
    """

    table: Table
    curves: str
    samples: str


def turned(evaluations: dict[str, Evaluation], folder: Path) -> dict[str, Turned]:
    """Gather the tables, and the pictures that `write_sweeps` wrote, for pages of one file."""
    return {
        name: Turned(
            sweep_table(evaluation.dial),
            rendering.picture_url((folder / name / CURVES).read_bytes()),
            rendering.sheet_url((folder / name / SAMPLES).read_bytes()),
        )
        for name, evaluation in evaluations.items()
        if evaluation.dial is not None
    }
