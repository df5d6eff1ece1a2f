"""All trainings of the study, side by side."""

from dataclasses import dataclass
from typing import Any

from colorization.pages import rendering
from colorization.pages.rendering import COLUMNS, TITLES, Cell, Table
from colorization.params import THINNED
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.summary import FLOORS, MODEL
from colorization.study import claims
from colorization.study.experiments import Estimate, Experiments, over_seeds

TITLE = "Image colorization: every variant"
PICTURES = ("curves", "variants", "samples")
OVER = "PSNR over mean_ab, dB (higher is better)"


@dataclass(frozen=True)
class Study:
    """What the comparison tells of.

    Attributes
    ----------
    experiments : Experiments
        All were scored on the same test images.
    timings : dict of str to dict
        By the trainings' names, as `provenance.write_timing` writes them.
    params : str
        The text of params.yaml.
    commit : str
        As `provenance.commit` returns it.
    versions : dict of str to str
        By package.
    """

    experiments: Experiments
    timings: dict[str, dict[str, Any]]
    params: str
    commit: str
    versions: dict[str, str]


def variants_by_name(experiments: Experiments) -> dict[str, Evaluation]:
    """Name each training by its variant, and by its seed where there are several."""
    several = _several_seeds(experiments)
    return {
        f"{variant} ({seed})" if several else variant: found
        for (variant, seed), found in experiments.trainings.items()
    }


def all_by_name(experiments: Experiments) -> dict[str, Evaluation]:
    """Name every training: those of `variants_by_name`, then those on parts of the images."""
    several = _several_seeds(experiments)
    parts = {
        f"{THINNED} on 1 image in {one_in}" + (f" ({seed})" if several else ""): found
        for (one_in, seed), found in experiments.thinned.items()
    }
    return variants_by_name(experiments) | parts


def _several_seeds(experiments: Experiments) -> bool:
    return len({seed for _, seed in experiments.trainings}) > 1


def metrics(experiments: Experiments) -> dict[str, Any]:
    """Gather the figures of all trainings, and of the floors.

    Parameters
    ----------
    experiments : Experiments

    Returns
    -------
    dict
        For each training the metrics of its test images and, as "over", what it has above the
        floors; its "parameters", "best_epoch", and "final_gap": the validation MSE less the
        training MSE of the last epoch. Each floor has its metrics alone.
    """
    named = all_by_name(experiments)
    first = next(iter(named.values()))
    gathered: dict[str, Any] = {"images": first.metrics["images"]}
    for name, evaluation in named.items():
        last = evaluation.history.iloc[-1]
        gathered[name] = {
            **evaluation.metrics[MODEL],
            "over": evaluation.metrics["model_over"],
            "parameters": evaluation.training["parameters"],
            "best_epoch": evaluation.training["best_epoch"],
            "final_gap": float(last["val_mse"] - last["train_mse"]),
        }
    return gathered | {floor: first.metrics[floor] for floor in FLOORS}


def results_table(gathered: dict[str, Any]) -> Table:
    """Every training, then the floors.

    Parameters
    ----------
    gathered : dict
        As `metrics` returns it.
    """
    rows = []
    for name, figures in gathered.items():
        if name == "images":
            continue
        over = Cell("")
        if name not in FLOORS:
            difference = figures["over"]["mean_ab"]
            over = Cell(
                rendering.with_error(difference, "psnr_rgb_db", 2), difference["psnr_rgb_db"]
            )
        label, psnr, *others = rendering.scores_row(
            rendering.COLORIZER_LABELS.get(name, name), figures
        )
        rows.append([label, psnr, over, *others])
    return Table([*TITLES[:2], OVER, *TITLES[2:]], rows)


def trainings_table(gathered: dict[str, Any], timings: dict[str, dict[str, Any]]) -> Table:
    """What each training took.

    Parameters
    ----------
    gathered : dict
        As `metrics` returns it.
    timings : dict of str to dict
        Of each training, with the keys seconds and images_per_second.
    """
    rows = []
    for name, timing in timings.items():
        figures = gathered[name]
        minutes, rate, gap = (
            timing["seconds"] / 60,
            timing["images_per_second"],
            figures["final_gap"],
        )
        rows.append(
            [
                Cell(name),
                Cell(f"{figures['parameters']:,}", figures["parameters"]),
                Cell(f"{minutes:.1f}", minutes),
                Cell(f"{rate:.1f}", rate),
                Cell(str(figures["best_epoch"]), figures["best_epoch"]),
                Cell(f"{gap:+.5f}", gap),
            ]
        )
    return Table(["", "parameters", "minutes", "images/s", "best epoch", "final gap"], rows)


def seeds_table(experiments: Experiments) -> Table:
    """Means of each variant over the seeds, with their confidence intervals."""
    rows = []
    for variant in experiments.variants:
        cells = [Cell(variant)]
        for column in COLUMNS:
            values = [found.metrics[MODEL][column.metric] for found in experiments.of(variant)]
            if None in values:
                cells.append(Cell("undefined"))
            else:
                estimate = over_seeds(values)
                cells.append(Cell(with_interval(estimate, column.digits), estimate.value))
        rows.append(cells)
    return Table(TITLES, rows)


def with_interval(estimate: Estimate | None, digits: int) -> str:
    """Format an estimate and its interval, such as "1.20 (0.90 to 1.50)"."""
    if estimate is None:
        return "undefined"
    mean = f"{estimate.value:.{digits}f}"
    if estimate.low is None or estimate.low == estimate.high:
        return mean
    return f"{mean} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def readme_table(gathered: dict[str, Any]) -> str:
    """Render `results_table` as Markdown."""
    return rendering.render("table.md.j2", table=results_table(gathered))


def markdown(study: Study) -> str:
    """Render the comparison as Markdown; its pictures lie beside it."""
    return _render("study.md.j2", study, **{name: f"{name}.png" for name in PICTURES})


def html(study: Study, curves: bytes, variants: bytes, samples: bytes) -> str:
    """Render the comparison as one HTML page that needs nothing beside it.

    Parameters
    ----------
    study : Study
    curves, variants, samples : bytes
        PNG files.
    """
    return _render(
        "study.html.j2",
        study,
        curves=rendering.picture_url(curves),
        variants=rendering.picture_url(variants),
        samples=rendering.sheet_url(samples),
    )


def _render(template: str, study: Study, **pictures: str) -> str:
    experiments = study.experiments
    gathered = metrics(experiments)
    trainings = [found.training for found in experiments.trainings.values()]
    machines = [timing["hardware"] for timing in study.timings.values()]
    return rendering.render(
        template,
        title=TITLE,
        study=study,
        test_images=gathered["images"],
        results=results_table(gathered),
        trainings=trainings_table(gathered, study.timings),
        seeds=seeds_table(experiments) if _several_seeds(experiments) else None,
        claims=claims.judge(experiments),
        with_interval=with_interval,
        pretrained={
            training["pretrained_network"]: training["pretrained_weights"] for training in trainings
        },
        training_images=trainings[0]["training_images"],
        image_size=trainings[0]["image_size"],
        precisions=sorted({training["precision"] for training in trainings}),
        machines=[
            machine for index, machine in enumerate(machines) if machine not in machines[:index]
        ],
        **pictures,
    )
