"""Writing the comparison of all trainings of the study: files, pictures and pages."""

import json
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.core.provenance import Circumstances, Run
from colorization.core.tables import write_table
from colorization.pages import pictures, rendering
from colorization.pages.rendering import Cell, Table
from colorization.pages.vividness import sweep_table, turned, write_sweeps
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.metrics import columns, metric
from colorization.scoring.summary import (
    CONSTANT,
    PSNR,
    TRIVIAL,
    over_as_json,
    scores_as_json,
)
from colorization.study import summary, verdicts
from colorization.study.claims import CLAIMS, PROMISING
from colorization.study.config_diff import config_diff
from colorization.study.experiments import Experiments
from colorization.study.summary import with_interval
from colorization.study.verdicts import Judged

T = TypeVar("T")

TITLE = "Image colorization: the variants of a study"
EXTREMES = {"best": "good.png", "worst": "poor.png"}  # the paper's Figures 8 and 9
OVER = "PSNR over the constant color, dB (higher is better)"


def write_comparison(
    experiments: Experiments,
    params: str,
    circumstances: Circumstances,
    results: Path,
    *,
    published: bool = False,
) -> None:
    """Write metrics, verdicts, histories, pictures and pages.

    All files but study.html have the same bytes for the same results. study.html also tells times,
    hardware and commit. It is for people: neither DVC nor git tracks it.

    Parameters
    ----------
    experiments : Experiments
        The trainings, all scored on the same test images.
    params : str
        The text of params.yaml.
    circumstances : Circumstances
    results : Path
        A folder; made if missing.
    published : bool
        Whether the pictures stay beside study.md, which then shows them.

    Raises
    ------
    ColorizationError
        If no training has images to show.
    """
    if not experiments.pictured():
        raise ColorizationError(
            "no training has images to show; train a variant that learns from all training images, "
            "from the study's first seed"
        )
    results.mkdir(parents=True, exist_ok=True)
    named = experiments.by_name()
    _write_json(metrics(experiments), results / "metrics.json")
    judged = verdicts.judge(CLAIMS, experiments)
    _write_json([claim.as_json() for claim in judged], results / "claims.json")
    histories = pd.concat(
        {name: found.history for name, found in named.items()}, names=["training"]
    )
    with atomic_write(results / "history.csv") as partial:
        write_table(histories.reset_index("training"), partial)
    _draw(experiments, results)
    dials = experiments.pictured()
    write_sweeps(dials, results / "vividness")
    context = _context(experiments, judged, params)
    page = rendering.render(
        "study.html.j2",
        **context,
        commit=circumstances.commit,
        trainings=trainings_table(experiments, circumstances.runs),
        machines=_machines(circumstances.runs),
        curves=rendering.picture_url((results / "curves.png").read_bytes()),
        variants=rendering.picture_url((results / "variants.png").read_bytes()),
        turned=turned(dials, results / "vividness"),
        samples=rendering.sheet_url((results / "samples.png").read_bytes()),
        extreme_sheets={
            name: rendering.sheet_url((results / sheet).read_bytes())
            for name, sheet in EXTREMES.items()
            if context["extremes"]
        },
    )
    text = rendering.render(
        "study.md.j2",
        **context,
        trainings=trainings_table(experiments, runs=None),
        published=published,
    )
    for name, content in (("study.md", text), ("study.html", page)):
        with atomic_write(results / name) as partial:
            partial.write_text(content, encoding="utf-8")


def _write_json(content: Any, path: Path) -> None:
    with atomic_write(path) as partial:
        text = json.dumps(content, indent=1, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")


def _draw(experiments: Experiments, results: Path) -> None:
    """Draw curves, test images by each variant, and one variant's best and worst images."""
    histories = experiments.histories()
    variants = experiments.pictured()
    first = next(iter(variants.values()))
    pictures.compared_curves(histories, first.trivial(), results / "curves.png")
    pictures.variant_curves(histories, first.trivial(), results / "variants.png")
    columns = {"gray": first.shown["evenly_spaced"].images["gray"]}
    columns |= {
        name: found.shown["evenly_spaced"].images["colorized"] for name, found in variants.items()
    }
    columns |= {"truth": first.shown["evenly_spaced"].images["truth"]}
    pictures.compared_samples(columns, results / "samples.png")
    for name, sheet in EXTREMES.items():
        (results / sheet).unlink(missing_ok=True)
        if PROMISING in variants:
            shown = variants[PROMISING].shown[name]
            pictures.sheet(pictures.triptychs(shown.images), results / sheet)


def metrics(experiments: Experiments) -> dict[str, Any]:
    """Gather the figures of all trainings and of the trivial, as metrics.json holds them.

    Returns
    -------
    dict
        "images" is the number of test images. Each training has its metrics; "over", its PSNR less
        that of each floor; "parameters"; "best_epoch"; and "final_gap", the validation MSE less
        the training MSE of the last epoch. Each floor has only its metrics.
    """
    named = experiments.by_name()
    first = next(iter(named.values())).summary
    gathered: dict[str, Any] = {"images": first.images}
    for name, evaluation in named.items():
        gathered[name] = {
            **scores_as_json(evaluation.summary.model),
            "psnr_gain": over_as_json(evaluation.summary.over),
            "parameters": evaluation.training.parameters,
            "best_epoch": evaluation.training.best_epoch,
            "final_gap": _final_gap(evaluation),
        }
    return gathered | {floor: scores_as_json(first.scores[floor]) for floor in TRIVIAL}


def _final_gap(evaluation: Evaluation) -> float:
    last = evaluation.history.iloc[-1]
    return float(last["val_mse"] - last["train_mse"])


def results_table(experiments: Experiments) -> Table:
    """Tabulate the scores of every training, then of the trivial."""
    named = experiments.by_name()
    rows = []
    for name, evaluation in named.items():
        over = evaluation.summary.over[CONSTANT]
        cell = Cell(rendering.with_error(over, metric(PSNR)), over.value)
        rows.append(_beside_psnr(rendering.scores_row(name, evaluation.summary.model), cell))
    trivial = next(iter(named.values())).summary.scores
    for floor in TRIVIAL:
        row = rendering.scores_row(rendering.COLORIZER_LABELS[floor], trivial[floor])
        rows.append(_beside_psnr(row, Cell("")))
    return Table(_beside_psnr(rendering.titles(), OVER), rows)


def _beside_psnr(row: list[T], over: T) -> list[T]:
    """Insert the PSNR over mean_ab into a row, after the PSNR."""
    place = 2 + columns().index(metric(PSNR))
    return [*row[:place], over, *row[place:]]


def trainings_table(experiments: Experiments, runs: dict[str, Run] | None) -> Table:
    """Tabulate each training's size, best epoch and final gap; given the runs, also its speed."""
    titles = ["", "parameters", "best epoch", "final gap"]
    rows = []
    for name, evaluation in experiments.by_name().items():
        training, gap = evaluation.training, _final_gap(evaluation)
        cells = [
            Cell(name),
            Cell(f"{training.parameters:,}", training.parameters),
            Cell(str(training.best_epoch), training.best_epoch),
            Cell(f"{gap:+.5f}", gap),
        ]
        rows.append(cells if runs is None else cells + _took(runs.get(name)))
    return Table(titles if runs is None else [*titles, "minutes", "images/s"], rows)


def _took(run: Run | None) -> list[Cell]:
    if run is None:
        return [Cell("not run here"), Cell("")]
    rate = run.images_per_second or 0
    return [Cell(f"{run.seconds / 60:.1f}", run.seconds / 60), Cell(f"{rate:.1f}", rate)]


def _machines(runs: dict[str, Run]) -> list[Any]:
    machines = [run.machine for run in runs.values()]
    return [machine for index, machine in enumerate(machines) if machine not in machines[:index]]


def _context(experiments: Experiments, judged: list[Judged], params: str) -> dict[str, Any]:
    trainings = [found.training for found in experiments.trainings.values()]
    first = next(iter(experiments.trainings.values()))
    networks = {
        (network.network, network.weights)
        for (variant, _), found in experiments.trainings.items()
        if (network := found.training.pretrained) and variant not in summary.CONTROLS
    }
    answered = summary.answer(experiments, judged)
    dials = experiments.pictured()
    return {
        "title": TITLE,
        "source": experiments.source,
        "params": params,
        "test_images": first.summary.images,
        "results": results_table(experiments),
        "answers": answered,
        "config_diff": config_diff(trainings),
        "ranking": summary.ranking(experiments, answered) if answered else None,
        "means": summary.means_table(experiments),
        "missing": experiments.missing,
        "seeds": sorted({seed for _, seed in experiments.trainings}),
        "claims": judged,
        "extremes": PROMISING in dials,
        "dials": {name: sweep_table(found.dial) for name, found in dials.items() if found.dial},
        "with_interval": with_interval,
        "p_value": summary.p_value,
        "pretrained": sorted(networks),
        "training_images": sorted({one.training_images for one in trainings}, reverse=True),
        "image_size": trainings[0].image_size,
        "precisions": sorted({training.precision for training in trainings}),
    }
