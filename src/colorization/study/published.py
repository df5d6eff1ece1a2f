"""Publishing a study: a piece for each training, and the pages computed from all pieces.

The files of a published study:

params.yaml             the settings
pipeline.lock           DVC's record of the data, where something was published last
trainings/VARIANT-SEED  a piece: output of the stage `evaluate` for a training, that is metrics,
                        history, a row per test image (compressed) and, for the first seed, some
                        images
  experiments.lock      DVC's record of the training and its evaluation, if DVC ran them
  run.json              how long it took, and where
  commit.txt            the commit of its code
study.md, study.html, pictures, metrics.json, claims.json, history.csv
                        computed from the pieces, as the stage `compare` does
"""

import shutil
from pathlib import Path

import yaml

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder, atomic_write
from colorization.core.provenance import Circumstances, read_runs
from colorization.core.settings import Params
from colorization.core.tables import read_table, write_table
from colorization.scoring.evaluation import ROWS
from colorization.study.claims import PROMISING
from colorization.study.comparison import EXTREMES, write_comparison
from colorization.study.experiments import read_experiments

PARAMS, TRAININGS, RUN, COMMIT = "params.yaml", "trainings", "run.json", "commit.txt"
PIPELINE_LOCK, EXPERIMENTS_LOCK = "pipeline.lock", "experiments.lock"
TABLES = (
    "metrics.json",
    "training.json",
    "history.csv",
    "chroma.csv",
    "vividness.csv",
    "vividness.json",
)


def add(workspace: Path, done: list[tuple[str, int]], commit: str, published: Path) -> list[str]:
    """Publish trainings that are done in a workspace.

    Parameters
    ----------
    workspace : Path
        A checkout in which the pipeline has run.
    done : list of (str, int)
        Variants and seeds whose evaluations in the workspace are up to date with its settings.
    commit : str
        The commit of the workspace's code.
    published : Path
        The folder to publish in; made if missing. Pieces that equal their evaluation stay.

    Returns
    -------
    list of str
        Folder names of the pieces that were written.

    Raises
    ------
    ColorizationError
        If the trainings were made with other settings than those in the folder, or scored on other
        test images.
    """
    if not done:
        return []
    params = workspace / PARAMS
    there = published / PARAMS
    if there.exists() and there.read_bytes() != params.read_bytes():
        raise ColorizationError(
            f"{there} differs from {params}: a study has one of them; publish into another folder"
        )
    variant, seed = done[0]
    _check_test_images(workspace / "data" / "evaluations" / f"{variant}-{seed}", published)
    published.mkdir(parents=True, exist_ok=True)
    for source, name in {PARAMS: PARAMS, "dvc.lock": PIPELINE_LOCK}.items():
        with atomic_write(published / name) as partial:
            shutil.copyfile(workspace / source, partial)
    first = Params.load(params).study.seeds[0]
    names = []
    for variant, seed in done:
        name = f"{variant}-{seed}"
        if _same(workspace / "data" / "evaluations" / name, published / TRAININGS / name):
            continue  # keeps the commit that it was made at
        shown = _shown(variant) if seed == first else []
        with atomic_folder(published / TRAININGS / name) as piece:
            _copy(workspace / "data" / "evaluations" / name, shown, piece)
            _write_lock(workspace / "experiments" / "dvc.lock", name, piece)
            run = workspace / "data" / "runs" / "train" / f"{name}.json"
            if run.exists():
                shutil.copyfile(run, piece / RUN)
            (piece / COMMIT).write_text(f"{commit}\n", encoding="utf-8")
        names.append(name)
    return names


def _check_test_images(evaluation: Path, published: Path) -> None:
    """Raise an error if the pieces that are there were scored on other images."""
    tested = read_table(evaluation / ROWS)["name"]
    for rows in sorted((published / TRAININGS).glob(f"*/{ROWS}.gz")):
        if not read_table(rows)["name"].equals(tested):
            raise ColorizationError(
                f"{rows.parent} was scored on other test images than {evaluation}; "
                "publish into another folder"
            )


def _same(evaluation: Path, piece: Path) -> bool:
    """Whether a piece was made from this evaluation."""
    names = [name for name in TABLES if "vividness" not in name or (piece / name).exists()]
    return (
        piece.exists()
        and all((piece / name).read_bytes() == (evaluation / name).read_bytes() for name in names)
        and read_table(piece / f"{ROWS}.gz").equals(read_table(evaluation / ROWS))
    )


def _shown(variant: str) -> list[str]:
    """The sets of a variant's images that a page shows."""
    return ["evenly_spaced", "vividness", *(EXTREMES if variant == PROMISING else ())]


def _copy(evaluation: Path, shown: list[str], piece: Path) -> None:
    """Copy the files of an evaluation that a page needs."""
    pictures = [f"{name}.{ending}" for name in shown for ending in ("npy", "json")]
    tables = (
        TABLES if "vividness" in shown else [name for name in TABLES if "vividness" not in name]
    )
    for name in {*tables, *pictures}:
        if (evaluation / name).exists():
            shutil.copyfile(evaluation / name, piece / name)
    write_table(read_table(evaluation / ROWS), piece / f"{ROWS}.gz")


def _write_lock(lock: Path, name: str, piece: Path) -> None:
    """Copy DVC's record of a training and its evaluation, if DVC has one."""
    recorded = yaml.safe_load(lock.read_text(encoding="utf-8"))
    stages = {
        stage: entry
        for stage, entry in recorded.get("stages", {}).items()
        if stage.endswith(f"@{name}")
    }
    if stages:
        text = yaml.safe_dump(recorded | {"stages": stages}, sort_keys=False)
        (piece / EXPERIMENTS_LOCK).write_text(text, encoding="utf-8")


def write_pages(published: Path) -> None:
    """Compute tables, verdicts, pictures and pages from the pieces, with the same bytes each time.

    Raises
    ------
    ColorizationError
        If there is no piece, or none has images to show.
    """
    params, trainings = published / PARAMS, published / TRAININGS
    experiments = read_experiments(Params.load(params), trainings)
    folders = {
        name: trainings / f"{variant}-{seed}"
        for name, (variant, seed) in zip(experiments.by_name(), experiments.trainings, strict=True)
    }
    commits = {(folder / COMMIT).read_text(encoding="utf-8").strip() for folder in folders.values()}
    circumstances = Circumstances(
        runs=read_runs({name: folder / RUN for name, folder in folders.items()}),
        commit=", ".join(sorted(commits)),
    )
    text = params.read_text(encoding="utf-8").strip()
    write_comparison(experiments, text, circumstances, published, published=True)
