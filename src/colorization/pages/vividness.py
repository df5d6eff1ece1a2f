"""Tables and pictures of vividness sweeps."""

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from colorization.core.files import atomic_folder
from colorization.core.tables import write_table
from colorization.pages import pictures, rendering
from colorization.pages.rendering import BASELINE_NAMES, Table
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.metrics import metric
from colorization.scoring.samples import EVENLY_SPACED
from colorization.scoring.summary import GRAY, PSNR, TRIVIAL, Score
from colorization.scoring.vividness import DIFFERENCE, DISPLAYED, SUMMARIZED, VividnessSweep

FOLDER, CURVES, SAMPLES = "vividness", "curves.png", "samples.png"
COLUMNS = {key: (metric(key).heading, metric(key)) for key in SUMMARIZED} | {
    f"psnr_gain_over_{name}_db": (f"PSNR gain over {BASELINE_NAMES[name]}, dB", metric(PSNR))
    for name in TRIVIAL
}


def sweep_table(sweep: VividnessSweep) -> Table:
    """Tabulate the scores of a sweep, a row per vividness."""
    rows = []
    for row in sweep.scores.to_dict("records"):
        vividness = round(row["vividness"], 3)
        mark = " (default)" if abs(vividness - sweep.default) < 1e-6 else ""
        scores = (
            (Score(_defined(row[key]), _defined(row[f"{key}_se"])), measured)
            for key, (_, measured) in COLUMNS.items()
        )
        rows.append(
            [
                f"{vividness}{mark}",
                *(rendering.with_error(score, measured) for score, measured in scores),
            ]
        )
    return Table(["vividness", *(title for title, _ in COLUMNS.values())], rows)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def write_sweeps(evaluations: Mapping[str, Evaluation], results: Path) -> dict[str, str]:
    """Write vividness/scores.csv, and the pictures of each sweep in vividness/NAME.

    Parameters
    ----------
    evaluations : dict of str to Evaluation
        By the training's name; those without a sweep are skipped.
    results : Path
        The folder to write in; its folder "vividness" is replaced.

    Returns
    -------
    dict of str to str
        The data URL of each picture, by its path within `results`.
    """
    sweeps = {name: training.sweep for name, training in evaluations.items() if training.sweep}
    scores = [sweep.scores.assign(training=name) for name, sweep in sweeps.items()]
    with atomic_folder(results / FOLDER) as folder:
        empty = pd.DataFrame({"training": []})
        write_table(pd.concat(scores) if scores else empty, folder / "scores.csv")
        for name, sweep in sweeps.items():
            (folder / name).mkdir()
            _draw_sweep(evaluations[name], sweep, folder / name)
    figures = {}
    for name in sweeps:
        curves, samples = (f"{FOLDER}/{name}/{file}" for file in (CURVES, SAMPLES))
        figures[curves] = rendering.picture_url((results / curves).read_bytes())
        figures[samples] = rendering.sheet_url((results / samples).read_bytes())
    return figures


def _draw_sweep(evaluation: Evaluation, sweep: VividnessSweep, folder: Path) -> None:
    gray = evaluation.summary.scores[GRAY][DIFFERENCE].value
    pictures.vividness_curves(sweep.scores, gray, folder / CURVES)
    images = evaluation.samples[EVENLY_SPACED].images
    columns = {"gray": images["gray"]}
    for vividness, decoded in zip(DISPLAYED, sweep.images.swapaxes(0, 1), strict=True):
        columns[f"vividness {vividness:g}"] = decoded
    pictures.compared_samples(columns | {"truth": images["truth"]}, folder / SAMPLES)
