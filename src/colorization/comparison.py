"""All trainings of the study, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from colorization import pages
from colorization.evaluations import Evaluation
from colorization.scores import FLOORS, MODEL

TITLE = "Image colorization: every variant"


@dataclass(frozen=True)
class Study:
    """What the comparison tells of.

    Attributes
    ----------
    evaluations : dict of str to Evaluation
        By the training's name, in the study's order. All were scored on the same test images.
    timings : dict of str to dict
        By the same names, as `provenance.write_timing` writes them.
    params : str
        The text of params.yaml.
    commit : str
        As `provenance.commit` returns it.
    versions : dict of str to str
        By package.
    """

    evaluations: dict[str, Evaluation]
    timings: dict[str, dict[str, Any]]
    params: str
    commit: str
    versions: dict[str, str]


def training_names(trainings: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Name each (variant, seed): by its variant, and by its seed where there are several."""
    one_seed = len({seed for _, seed in trainings}) == 1
    return {
        (variant, seed): variant if one_seed else f"{variant} ({seed})"
        for variant, seed in trainings
    }


def metrics(evaluations: dict[str, Evaluation]) -> dict[str, Any]:
    """Gather the figures of all trainings, and of the floors.

    Parameters
    ----------
    evaluations : dict of str to Evaluation

    Returns
    -------
    dict
        For each training the metrics of its test images and, as "over", what it has above the
        floors; its "parameters", "best_epoch", and "final_gap": the validation MSE less the
        training MSE of the last epoch. Each floor has its metrics alone.
    """
    first = next(iter(evaluations.values()))
    gathered: dict[str, Any] = {"images": first.metrics["images"]}
    for name, evaluation in evaluations.items():
        last = evaluation.history.iloc[-1]
        gathered[name] = {
            **evaluation.metrics[MODEL],
            "over": evaluation.metrics["model_over"],
            "parameters": evaluation.training["parameters"],
            "best_epoch": evaluation.training["best_epoch"],
            "final_gap": float(last["val_mse"] - last["train_mse"]),
        }
    return gathered | {floor: first.metrics[floor] for floor in FLOORS}


def table(gathered: dict[str, Any], timings: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Rows of the comparison: every training, then the floors.

    Parameters
    ----------
    gathered : dict
        As `metrics` returns it.
    timings : dict of str to dict
        Of each training, with the keys seconds and images_per_second.

    Returns
    -------
    list of dict of str to str
        What does not apply to a floor is empty.
    """
    rows = []
    for name, timing in timings.items():
        figures = gathered[name]
        rows.append(
            pages.scores_row(name, figures)
            | {
                "over": pages.with_error(figures["over"]["mean_ab"], "psnr_rgb_db", 2),
                "parameters": f"{figures['parameters']:,}",
                "minutes": f"{timing['seconds'] / 60:.1f}",
                "images_per_second": f"{timing['images_per_second']:.1f}",
                "best_epoch": str(figures["best_epoch"]),
                "final_gap": f"{figures['final_gap']:+.5f}",
            }
        )
    nothing = dict.fromkeys(set(rows[0]) - {"name", "psnr", "ssim", "mse", "exact"}, "")
    floors = [
        pages.scores_row(pages.COLORIZER_LABELS[floor], gathered[floor]) | nothing
        for floor in FLOORS
    ]
    return rows + floors


def markdown_table(gathered: dict[str, Any], timings: dict[str, dict[str, Any]]) -> str:
    """Render `table` as Markdown."""
    return pages.render("study_table.md.j2", rows=table(gathered, timings))


def markdown(study: Study) -> str:
    """Render the comparison as Markdown; its pictures lie beside it."""
    return _render("study.md.j2", study, curves="curves.png", samples="samples.png")


def html(study: Study, curves: bytes, samples: bytes) -> str:
    """Render the comparison as one HTML page that needs nothing beside it.

    Parameters
    ----------
    study : Study
    curves, samples : bytes
        PNG files.
    """
    pictures = {"curves": pages.data_url(curves), "samples": pages.data_url(samples)}
    return _render("study.html.j2", study, **pictures)


def _render(template: str, study: Study, **pictures: str) -> str:
    gathered = metrics(study.evaluations)
    trainings = [evaluation.training for evaluation in study.evaluations.values()]
    machines = [timing["hardware"] for timing in study.timings.values()]
    return pages.render(
        template,
        title=TITLE,
        study=study,
        images=gathered["images"],
        rows=table(gathered, study.timings),
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
