"""Publishes a study: the files of each training, and the pages computed from them.

The files of a published study:

params.yaml             the settings
pipeline.lock           DVC's record of the data, as of the last publication
photographs.csv.gz      a row per test photograph: what is measured of itself and of the trivial
                        baselines, and so the same for every training
truth.npy               the colors of the test photographs at 16x16
label_colors.csv        the mean color of each label, if the photographs have labels
label_scores.json       the scores by label. The labels themselves are not published: without them
                        at hand, these scores are kept for the same trainings
trainings/VARIANT-SEED  output of the stage `evaluate` for a training: metrics, history, a row per
                        test image and per photograph of the gap (compressed) and, for the first
                        seed, sample images and predictions at 16x16. Of the paper's choice and of
                        networks that predict a distribution, whose predictions a claim is judged
                        by, all seeds have these
                        test_images.csv has only what differs between trainings, the columns of the
                        model
  experiments.lock      DVC's record of the training and its evaluation, if DVC ran them
  run.json              its duration and hardware
  commit.txt            the last commit that changed its code; see `provenance.commit_of_code`
study.md, study.html, pictures, metrics.json, claims.json, history.csv
                        computed from the trainings, as by the stage `compare`
"""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder, atomic_write
from colorization.core.provenance import Provenance, last_runs, read_runs
from colorization.core.records import shortened
from colorization.core.settings import Params
from colorization.core.tables import read_table, write_table
from colorization.labels.subsets import Labels
from colorization.scoring.evaluation import ROWS
from colorization.scoring.gap import GAP
from colorization.scoring.predictions import PREDICTIONS, TRUTH
from colorization.scoring.samples import EVENLY_SPACED
from colorization.scoring.summary import MODEL
from colorization.study.claims import PROMISING
from colorization.study.comparison import BEST_WORST, write_comparison
from colorization.study.experiments import Experiments, read_experiments
from colorization.study.label_scores import LabelScores
from colorization.study.labels import LABEL_SCORES

PARAMS, TRAININGS, RUN, COMMIT = "params.yaml", "trainings", "run.json", "commit.txt"
PIPELINE_LOCK, EXPERIMENTS_LOCK = "pipeline.lock", "experiments.lock"
LABEL_COLORS = "label_colors.csv"
PHOTOGRAPHS = "photographs.csv.gz"
# What two processors compute of the same photographs differs by rounding: in the first published
# study by up to 0.0005 of a column's root mean square. A few values differ by more, since rounding
# decides whether the gray image is exact. Most values of other photographs differ.
ROUNDING = 0.001  # of a column's root mean square
AGREEING = 0.95  # the least share of a column's values that agree
TABLES = ("metrics.json", "training.json", "history.csv", "chroma.csv")
COMPRESSED = (ROWS, GAP)  # tables with a row per photograph
SWEEP = "vividness"  # its files, .csv, .json and .npy, are missing if there is no sweep


def add(
    workspace: Path, trainings: list[tuple[str, int]], commit: str, published: Path
) -> list[str]:
    """Publish trainings of a workspace.

    Parameters
    ----------
    workspace : Path
        A checkout in which the pipeline has run.
    trainings : list of (str, int)
        Variants and seeds whose evaluations in the workspace are up to date.
    commit : str
        As `provenance.commit_of_code` returns it.
    published : Path
        The folder to publish in; made if missing. Unchanged trainings are kept.

    Returns
    -------
    list of str
        The trainings that were written, as "VARIANT-SEED".

    Raises
    ------
    ColorizationError
        If the folder holds other settings, or trainings scored on other test images, or trainings
        that are not among these and were scored by other metrics.
    """
    if not trainings:
        return []
    params = workspace / PARAMS
    existing = published / PARAMS
    if existing.exists() and Params.load(existing) != Params.load(params):
        raise ColorizationError(f"{existing} differs from {params}; publish into another folder")
    evaluations = workspace / "data" / "evaluations"
    folders = [evaluations / f"{variant}-{seed}" for variant, seed in trainings]
    photographs = _new_photographs(folders, published)
    if photographs is not None:
        with atomic_write(published / PHOTOGRAPHS) as partial:
            write_table(photographs, partial)
    copied = {} if existing.exists() else {PARAMS: PARAMS}
    copied |= {"dvc.lock": PIPELINE_LOCK, f"data/trivial/{TRUTH}": TRUTH}
    copied |= {f"data/{LABEL_COLORS}": LABEL_COLORS}
    for source, name in copied.items():
        with atomic_write(published / name) as partial:
            shutil.copyfile(workspace / source, partial)
    first = Params.load(params).study.seeds[0]
    names = []
    for variant, seed in trainings:
        name = f"{variant}-{seed}"
        files = _published_files(evaluations / name, variant, of_first_seed=seed == first)
        if _same(evaluations / name, published / TRAININGS / name, files):
            continue  # keeps its commit.txt
        with atomic_folder(published / TRAININGS / name) as folder:
            _copy(evaluations / name, files, folder)
            _write_lock(workspace / "experiments" / "dvc.lock", name, folder)
            run = workspace / "data" / "runs" / "train" / f"{name}.json"
            history = read_table(evaluations / name / "history.csv")
            if last_runs({name: run}, {name: history}):
                shutil.copyfile(run, folder / RUN)
            (folder / COMMIT).write_text(f"{commit}\n", encoding="utf-8")
        names.append(name)
    return names


def _new_photographs(evaluations: list[Path], published: Path) -> pd.DataFrame | None:
    """The rows of a study's test photographs; None if those that are published remain.

    They remain if all evaluations agree with them. Other metrics are published only with all
    trainings, so that no training's scores are compared with baselines of another definition.
    """
    first, *others = evaluations
    photographs = _photographs_of(first)
    for folder in others:
        _refuse_if(differing(photographs, _photographs_of(folder)), folder, first)
    path = published / PHOTOGRAPHS
    if not path.exists():
        return photographs
    columns = differing(read_table(path), photographs)
    if not columns:
        return None
    trainings = {folder.name for folder in (published / TRAININGS).glob("*/")}
    if "name" in columns or not trainings <= {folder.name for folder in evaluations}:
        _refuse_if(columns, first, path, ", or all of the study's trainings together")
    return photographs


def _refuse_if(columns: list[str], evaluation: Path, other: Path, remedy: str = "") -> None:
    if "name" in columns:
        raise ColorizationError(
            f"{evaluation} was scored on other test images than {other}; publish into another "
            "folder"
        )
    if columns:
        raise ColorizationError(
            f"{evaluation} and {other} differ in {shortened(', '.join(columns), quoted=False)}, "
            f"which all trainings of a study share; publish into another folder{remedy}"
        )


def _photographs_of(evaluation: Path) -> pd.DataFrame:
    """The columns of an evaluation that all trainings of its study share."""
    rows = read_table(evaluation / ROWS)
    return rows.drop(columns=_of_model(rows))


def _of_model(rows: pd.DataFrame) -> list[str]:
    """The columns that differ from training to training."""
    return [name for name in map(str, rows) if name.startswith(f"{MODEL}_")]


def differing(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """The columns in which two tables of photographs differ by more than rounding of some values.

    Also those that one of them lacks. "name" alone if the photographs are others; the columns'
    order is no difference.
    """
    if not one["name"].equals(other["name"]):
        return ["name"]
    columns = dict.fromkeys([*map(str, one), *map(str, other)])
    return [
        column
        for column in columns
        if column != "name"
        and not (column in one and column in other and _agree(one[column], other[column]))
    ]


def _agree(one: pd.Series, other: pd.Series) -> bool:
    """Whether two columns of numbers are equal up to `ROUNDING`, but for a few values."""
    tolerance = ROUNDING * np.nan_to_num(one.pow(2).mean() ** 0.5)  # 0 without any values
    equal = np.isclose(other, one, rtol=0, atol=tolerance, equal_nan=True)
    return bool(equal.mean() >= AGREEING)


def _same(evaluation: Path, published: Path, files: list[str]) -> bool:
    """Whether a published training is this evaluation."""
    return (
        published.exists()
        and all(_content(published / name) == _content(evaluation / name) for name in files)
        and all(
            (published / f"{name}.gz").exists()
            and read_table(published / f"{name}.gz").equals(_own(evaluation / name))
            for name in COMPRESSED
        )
    )


def _own(path: Path) -> pd.DataFrame:
    """A table of an evaluation, without the columns that all trainings of the study share."""
    table = read_table(path)
    return table[["name", *_of_model(table)]] if path.name == ROWS else table


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _published_files(evaluation: Path, variant: str, *, of_first_seed: bool) -> list[str]:
    """The files of an evaluation to publish, as far as there are any, but `COMPRESSED`.

    Predictions are the largest file, so only those are published that a claim is judged by, and
    those of the first seed.
    """
    names = [*TABLES]
    distribution = (evaluation / f"{SWEEP}.csv").exists()
    if of_first_seed or variant == PROMISING or distribution:
        names.append(PREDICTIONS)
    if of_first_seed:
        samples = [EVENLY_SPACED, SWEEP, *(BEST_WORST if variant == PROMISING else ())]
        images = [f"{name}.{suffix}" for name in samples for suffix in ("npy", "json")]
        names += [f"{SWEEP}.csv", *images]
    return names


def _copy(evaluation: Path, files: list[str], folder: Path) -> None:
    """Copy files of an evaluation."""
    for name in files:
        if (evaluation / name).exists():
            shutil.copyfile(evaluation / name, folder / name)
    for name in COMPRESSED:
        write_table(_own(evaluation / name), folder / f"{name}.gz")


def _write_lock(lock: Path, name: str, folder: Path) -> None:
    """Copy DVC's record of a training and its evaluation, if DVC has one."""
    recorded = yaml.safe_load(lock.read_text(encoding="utf-8"))
    stages = {
        stage: entry
        for stage, entry in recorded.get("stages", {}).items()
        if stage.endswith(f"@{name}")
    }
    if stages:
        text = yaml.safe_dump(recorded | {"stages": stages}, sort_keys=False)
        (folder / EXPERIMENTS_LOCK).write_text(text, encoding="utf-8")


def write_pages(published: Path, labels: pd.DataFrame | None = None) -> None:
    """Compute tables, verdicts, pictures and pages from the published trainings.

    Parameters
    ----------
    published : Path
    labels : DataFrame, optional
        Of the photographs, as `labels.subsets.join` returns it. Without, the published scores by
        label stay, where they are of the same trainings.

    Raises
    ------
    ColorizationError
        If there is no training, or none has sample images, or the published scores by label are of
        other test photographs.
    """
    params, trainings = published / PARAMS, published / TRAININGS
    at_hand = None
    if labels is not None:
        at_hand = Labels(labels, read_table(published / LABEL_COLORS))
    experiments = read_experiments(
        Params.load(params),
        trainings,
        photographs=published / PHOTOGRAPHS,
        truth=published / TRUTH,
        labels=at_hand,
    )
    scores = published / LABEL_SCORES
    if at_hand is None and scores.exists():
        experiments = replace(experiments, label_scores=_label_scores(scores, experiments))
    folders = {
        name: trainings / f"{variant}-{seed}"
        for name, (variant, seed) in zip(experiments.by_name(), experiments.trainings, strict=True)
    }
    commits = {(folder / COMMIT).read_text(encoding="utf-8").strip() for folder in folders.values()}
    provenance = Provenance(
        runs=read_runs({name: folder / RUN for name, folder in folders.items()}),
        commit=", ".join(sorted(commits)),
    )
    text = params.read_text(encoding="utf-8").strip()
    write_comparison(experiments, text, provenance, published, published=True)


def _label_scores(path: Path, experiments: Experiments) -> LabelScores:
    """Read the published scores by label, of the variants whose trainings are still the same."""
    scores = LabelScores.read(path)
    images, min_chroma = len(experiments.photographs), experiments.min_chroma
    if scores.photographs and (scores.images, scores.min_chroma) != (images, min_chroma):
        raise ColorizationError(
            f"{path}: of {scores.images:,} test photographs, min_chroma {scores.min_chroma:g}; the "
            f"study has {images:,}, min_chroma {min_chroma:g}; compute the page with labels"
        )
    return scores.of_trainings(experiments.seeds)
