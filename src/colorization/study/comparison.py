"""Writes the comparison of all trainings of a study: metrics, verdicts, pictures and pages."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder, atomic_write
from colorization.core.provenance import Provenance, Run
from colorization.core.tables import write_table
from colorization.labels.subsets import NATURE, OBJECTS
from colorization.pages import pictures, rendering
from colorization.pages.rendering import BASELINE_NAMES, COLORIZER_LABELS, Table
from colorization.pages.vividness import sweep_table, write_sweeps
from colorization.scoring.metrics import columns, metric
from colorization.scoring.samples import BEST, EVENLY_SPACED, WORST, more_colorful
from colorization.scoring.summary import (
    CONSTANT,
    PSNR,
    PSNR_GAIN,
    TRIVIAL,
    psnr_gain_as_json,
    scores_as_json,
)
from colorization.study import plots, summary
from colorization.study.claims import PROMISING, judge_claims
from colorization.study.config_diff import config_diff
from colorization.study.embedding import detectable_gains, embeddings_table, judge_fingerprint
from colorization.study.estimates import format_p_value, with_interval
from colorization.study.experiments import Experiments
from colorization.study.labels import (
    LABEL_SCORES,
    MIN_PHOTOGRAPHS,
    draw_labels,
    labels_table,
    score_labels,
    sea_and_vegetation,
)
from colorization.study.progress import not_trained, trained, trainings_table
from colorization.study.summary import StudySummary
from colorization.study.verdicts import JudgedClaim

TITLE = "Image colorization: the variants of a study"
BEST_WORST = {BEST: "good.png", WORST: "poor.png"}  # the paper's Figures 8 and 9
FIGURE_ACROSS = 6  # photographs
FOREST, FIGURE, BY_LABEL = "error_removed.png", "figure.png", "by_label.png"
BY_EMBEDDING = "embedding.png"
# Folders of pictures that not every study has.
EMBEDDING, EXTREMES, LABELS = "embedding", "extremes", "labels"
GAIN_TITLE = f"PSNR gain over {BASELINE_NAMES[CONSTANT]}, dB (higher is better)"


def write_comparison(
    experiments: Experiments,
    params: str,
    provenance: Provenance,
    results: Path,
    *,
    published: bool = False,
) -> None:
    """Write metrics, verdicts, histories, pictures and pages.

    All files but study.html have the same bytes for the same results. study.html also reports
    times, hardware and commit; neither DVC nor git tracks it. The study.md of a published study
    reports times and processors, too: those of its trainings are published with them.

    Parameters
    ----------
    experiments : Experiments
        The trainings, all scored on the same test images.
    params : str
        The text of params.yaml.
    provenance : Provenance
    results : Path
        A folder; made if missing.
    published : bool
        Whether git keeps the pictures, so that study.md can show them.

    Raises
    ------
    ColorizationError
        If no training has sample images.
    """
    displayed = experiments.with_samples()
    if not displayed:
        raise ColorizationError(
            "no training has sample images; train a variant on all training images, from the "
            "study's first seed"
        )
    results.mkdir(parents=True, exist_ok=True)
    trainings = experiments.by_name()
    judged = judge_claims(experiments)
    _write_json(metrics(experiments), results / "metrics.json")
    _write_json([claim.as_json() for claim in judged], results / "claims.json")
    histories = pd.concat(
        {name: training.history for name, training in trainings.items()}, names=["training"]
    )
    with atomic_write(results / "history.csv") as partial:
        write_table(histories.reset_index("training"), partial)
    study_summary = summary.summarize_study(experiments, judged)
    scores = score_labels(experiments)
    scores.write(results / LABEL_SCORES)
    figures = _draw(experiments, study_summary, results) | write_sweeps(displayed, results)
    context = _context(experiments, study_summary, judged, params) | {
        "published": published,
        "trained": trained(experiments, provenance.runs) if published else "",
    }
    with atomic_folder(results / EMBEDDING) as folder:
        if study_summary.embeddings:
            intervals = summary.embedding_rows(experiments, study_summary)
            plots.forest_of_embeddings(intervals, summary.VARIANT_KINDS, folder / BY_EMBEDDING)
            picture = rendering.picture_url((folder / BY_EMBEDDING).read_bytes())
            figures[f"{EMBEDDING}/{BY_EMBEDDING}"] = picture
    with atomic_folder(results / LABELS) as folder:
        if scores.photographs:
            chosen = drawn(experiments, study_summary)
            draw_labels(scores, chosen, folder / BY_LABEL)
            picture = rendering.picture_url((folder / BY_LABEL).read_bytes())
            figures[f"{LABELS}/{BY_LABEL}"] = picture
            context |= {
                "by_label": labels_table(scores, chosen),
                "sea_and_vegetation": sea_and_vegetation(scores, PROMISING),
            }
    text = rendering.render(
        "study.md.j2",
        **context,
        trainings=trainings_table(
            experiments, provenance.runs if published else None, published=published
        ),
        provenance=None,
        with_pictures=published,
    )
    page = rendering.render(
        "study.md.j2",
        **context,
        trainings=trainings_table(experiments, provenance.runs, published=published),
        provenance=provenance,
        with_pictures=True,
        machines=_machines(provenance.runs),
    )
    html = rendering.html_page(TITLE, page, figures)
    for name, content in (("study.md", text), ("study.html", html)):
        with atomic_write(results / name) as partial:
            partial.write_text(content, encoding="utf-8")


def _write_json(content: Any, path: Path) -> None:
    with atomic_write(path) as partial:
        text = json.dumps(content, indent=1, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")


def _draw(experiments: Experiments, study_summary: StudySummary, results: Path) -> dict[str, str]:
    """Draw all pictures, and give the data URL of each by its file name."""
    intervals = summary.forest_rows(experiments, study_summary)
    plots.forest(intervals, summary.VARIANT_KINDS, results / FOREST)
    pictures.figure(figure_blocks(experiments, study_summary), results / FIGURE)
    histories = experiments.histories()
    variants = experiments.with_samples()
    first = next(iter(variants.values()))
    plots.compared_curves(histories, first.baseline_mse(), results / "curves.png")
    plots.variant_curves(histories, first.baseline_mse(), results / "variants.png")
    figures = {
        name: rendering.picture_url((results / name).read_bytes())
        for name in (FOREST, "curves.png", "variants.png")
    }
    samples = {name: training.samples[EVENLY_SPACED].images for name, training in variants.items()}
    images = next(iter(samples.values()))
    columns = {name: states["colorized"] for name, states in samples.items()}
    pictures.compared_samples(
        {"gray": images["gray"], **columns, "truth": images["truth"]}, results / "samples.png"
    )
    sheets = [FIGURE, "samples.png"]
    with atomic_folder(results / EXTREMES) as folder:
        for name, sheet in BEST_WORST.items() if PROMISING in variants else ():
            images = variants[PROMISING].samples[name].images
            pictures.sheet(pictures.triptychs(images), folder / sheet)
            sheets.append(f"{EXTREMES}/{sheet}")
    return figures | {name: rendering.sheet_url((results / name).read_bytes()) for name in sheets}


def drawn(experiments: Experiments, study_summary: StudySummary) -> list[str]:
    """The variants of the figure: the paper's choice and the best, or else the second best."""
    displayed = experiments.with_samples()
    ranked = [
        name
        for name in study_summary.removed
        if name in displayed and not summary.is_control(experiments, name)
    ]
    others = [name for name in (*ranked, *displayed) if name != PROMISING]
    return [*([PROMISING] if PROMISING in displayed else []), *others[:1]]


def figure_blocks(experiments: Experiments, study_summary: StudySummary) -> list[pictures.Block]:
    """The blocks of the figure.

    Its photographs are those samples that are among the more colorful half, by kind.
    """
    displayed = experiments.with_samples()
    samples = {
        name: displayed[name].samples[EVENLY_SPACED] for name in drawn(experiments, study_summary)
    }
    first = next(iter(samples.values()))
    images = {
        "gray": first.images["gray"],
        **{name: sample.images["colorized"] for name, sample in samples.items()},
        "photograph": first.images["truth"],
    }
    names = first.rows["name"].reset_index(drop=True)
    half = names.isin(more_colorful(experiments.photographs)["name"])
    chosen = half if half.any() else ~half
    kinds: dict[str, list[int]] = {}
    for position in names.index[chosen]:
        kinds.setdefault(first.kinds[position] if first.kinds else "", []).append(position)
    return [
        pictures.Block(title, {name: rows[positions[start:end]] for name, rows in images.items()})
        for title, positions in kinds.items()
        for start in range(0, len(positions), FIGURE_ACROSS)
        for end in [start + FIGURE_ACROSS]
    ]


def figure_caption(experiments: Experiments, study_summary: StudySummary) -> str:
    """What the figure shows."""
    displayed = experiments.with_samples()
    rows = ["gray"]
    for name in drawn(experiments, study_summary):
        sweep = displayed[name].sweep
        at = f" at vividness {sweep.default:g}" if sweep else ""
        rows.append(f"`{name}`{at} (seed {displayed[name].training.seed})")
    blocks = figure_blocks(experiments, study_summary)
    titles = dict.fromkeys(block.title for block in blocks)
    kinds = f" of {' and of '.join(titles)}" if all(titles) else ""
    photographs = sum(len(block.rows["gray"]) for block in blocks)
    samples = len(next(iter(displayed.values())).samples[EVENLY_SPACED].rows)
    chosen = f"Test photographs{kinds}, evenly spaced among the more colorful half"
    if photographs < samples:
        chosen = (
            f"Those of {samples} test photographs{kinds}, evenly spaced over the split, that are "
            "among the more colorful half"
        )
    size = next(iter(displayed.values())).training.image_size
    rows.append("the photograph")
    return f"{chosen}; none picked by hand. From the top: {', '.join(rows)}; {size} px."


def counted(experiments: Experiments) -> str:
    """How many test photographs all means are over, in a sentence or two."""
    first = next(iter(experiments.trainings.values())).summary
    scored, others = first.images_scored, first.images - first.images_scored
    seeds = ", and over the seeds" if experiments.several_seeds else ""
    means = f"All means are over {scored:,} of {first.images:,} test photographs{seeds}."
    if not others:
        return means
    return (
        f"{means} The other {others:,} are nearly gray (mean chroma under "
        f"{experiments.min_chroma:g}): any visible color would be wrong there."
    )


def metrics(experiments: Experiments) -> dict[str, Any]:
    """Gather the scores of all trainings and of the baselines, as in metrics.json.

    Returns
    -------
    dict
        "images" is the number of test images, "images_scored" of those that all means are over.
        Each training has its metrics; "psnr_gain", its PSNR minus that of each baseline;
        "constant_output"; its errors on "training_images" and "test_images", if defined;
        "parameters"; and "best_epoch". Each baseline has only its metrics.
    """
    trainings = experiments.by_name()
    first = next(iter(trainings.values())).summary
    gathered: dict[str, Any] = {"images": first.images, "images_scored": first.images_scored}
    for name, evaluation in trainings.items():
        gathered[name] = {
            **scores_as_json(evaluation.summary.model),
            PSNR_GAIN: psnr_gain_as_json(evaluation.summary.psnr_gain),
            "constant_output": evaluation.summary.constant_output,
            **(evaluation.summary.gap.as_json() if evaluation.summary.gap else {}),
            "parameters": evaluation.training.parameters,
            "best_epoch": evaluation.training.best_epoch,
        }
    return gathered | {name: scores_as_json(first.scores[name]) for name in TRIVIAL}


def results_table(experiments: Experiments) -> Table:
    """Tabulate the scores of every training, then of the baselines."""
    trainings = experiments.by_name()
    rows = []
    for name, evaluation in trainings.items():
        gain = rendering.with_error(evaluation.summary.psnr_gain[CONSTANT], metric(PSNR))
        rows.append(_after_psnr(rendering.scores_row(name, evaluation.summary.model), gain))
    scores = next(iter(trainings.values())).summary.scores
    rows += [
        _after_psnr(rendering.scores_row(COLORIZER_LABELS[name], scores[name]), "")
        for name in TRIVIAL
    ]
    table = Table(_after_psnr(rendering.titles(), GAIN_TITLE), rows)
    return rendering.without_undefined(table)


def _after_psnr(row: list[str], gain: str) -> list[str]:
    """Insert the PSNR gain into a row, after the PSNR."""
    position = 2 + columns().index(metric(PSNR))
    return [*row[:position], gain, *row[position:]]


def _machines(runs: dict[str, Run]) -> list[Any]:
    machines = [run.machine for run in runs.values()]
    return [machine for index, machine in enumerate(machines) if machine not in machines[:index]]


def _context(
    experiments: Experiments, study_summary: StudySummary, judged: list[JudgedClaim], params: str
) -> dict[str, Any]:
    trainings = [evaluation.training for evaluation in experiments.trainings.values()]
    first = next(iter(experiments.trainings.values()))
    networks = {
        (network.network, network.weights)
        for (variant, _), evaluation in experiments.trainings.items()
        if (network := evaluation.training.pretrained)
        and not summary.is_control(experiments, variant)
    }
    displayed = experiments.with_samples()
    return {
        "title": TITLE,
        "source": experiments.source,
        "params": params,
        "test_images": first.summary.images,
        "scored_images": first.summary.images_scored,
        "results": results_table(experiments),
        "summary": study_summary,
        "sentences": summary.sentences(experiments, study_summary),
        "caption": figure_caption(experiments, study_summary),
        "counted": counted(experiments),
        "embeddings": embeddings_table(experiments, study_summary.embeddings),
        "detectable_gains": detectable_gains(study_summary.embeddings),
        "fingerprint": judge_fingerprint(experiments),
        "config_diff": config_diff(trainings),
        "ranking": summary.ranking(experiments, study_summary),
        "means": summary.means_table(experiments),
        "not_trained": not_trained(experiments),
        "seeds": sorted({seed for _, seed in experiments.trainings}),
        "claims": judged,
        "extremes": PROMISING in displayed,
        "by_label": None,
        "min_photographs": MIN_PHOTOGRAPHS,
        "kinds": (sorted(NATURE), sorted(OBJECTS)),
        "sweeps": {
            name: sweep_table(evaluation.sweep)
            for name, evaluation in displayed.items()
            if evaluation.sweep
        },
        "with_interval": with_interval,
        "p_value": format_p_value,
        "pretrained": sorted(networks),
        "training_images": sorted(
            {training.training_images for training in trainings}, reverse=True
        ),
        "image_size": trainings[0].image_size,
        "precisions": sorted({training.precision for training in trainings}),
    }
