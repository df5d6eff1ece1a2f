"""What is published of a study: pieces, and pages that come to the same bytes from them alone."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import publish
from colorization.core.errors import ColorizationError
from colorization.core.tables import read_table, write_table
from colorization.labels.subsets import mean_colors
from colorization.scoring import metrics
from colorization.scoring.evaluation import Evaluation, read_evaluation
from colorization.scoring.predictions import Predictions
from colorization.scoring.samples import SETS, Choice, write_samples
from colorization.scoring.vividness import write_sweep
from colorization.study import labels as by_label
from colorization.study import published
from evaluated import evaluation, files_in, rows, run, sweep
from samples import ROOT

DONE = [("bn_maxpool", 1), ("bn_maxpool", 2), ("mobilenet_unet", 1)]


def write(made: Evaluation, folder: Path) -> None:
    """Write an evaluation as the stage `evaluate` does."""
    folder.mkdir(parents=True)
    made.summary.write(folder / "metrics.json")
    write_table(made.rows, folder / "test_images.csv")
    write_table(made.chroma, folder / "chroma.csv")
    write_table(made.gap_rows, folder / "gap.csv")
    write_table(made.history, folder / "history.csv")
    made.training.write(folder / "training.json")
    for name in SETS:
        write_samples(folder, name, Choice([0]), made.samples[name].images)
    if made.sweep:
        write_sweep(made.sweep, folder)
    if made.predictions:
        made.predictions.write(folder)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which three trainings of five are done."""
    folder = tmp_path_factory.mktemp("workspace")
    params = yaml.safe_load((ROOT / "profiles" / "quick.yaml").read_text())
    params["study"] = {"controls": [], "seeds": [1, 2]}
    params["variants"] = {
        "bn_maxpool": {"network": "bn_maxpool", "embedding": "imagenet", "encoder": "none"},
        "mobilenet_unet": {
            "network": "mobilenet_unet",
            "embedding": "none",
            "encoder": "mobilenet_v2",
        },
        "bn_maxpool_random_network": {
            "network": "bn_maxpool",
            "embedding": "random_network",
            "encoder": "none",
        },
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (folder / "experiments").mkdir()
    stages: dict[str, dict] = {
        f"{stage}@bn_maxpool-{seed}": {} for stage in ("train", "evaluate") for seed in (1, 2)
    }
    (folder / "dvc.lock").write_text("schema: '2.0'\n")
    (folder / "data" / "trivial").mkdir(parents=True)
    np.save(folder / "data" / "trivial" / "truth.npy", np.ones((4, 16, 16, 2), np.float16))
    write_table(mean_colors({}, [], []), folder / "data" / "label_colors.csv")
    (folder / "experiments" / "dvc.lock").write_text(
        yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)
    )
    for variant, seed in DONE:
        name = f"{variant}-{seed}"
        made = evaluation(rows(4, model_psnr_rgb_db=24.0 + seed), variant=variant, seed=seed)
        made = replace(made, predictions=Predictions(np.full((4, 16, 16, 2), seed, np.float16)))
        if variant == "mobilenet_unet":
            images = np.stack([made.samples["best"].images["truth"]] * 5, axis=1)
            made = replace(made, sweep=sweep(images))
        write(made, folder / "data" / "evaluations" / name)
        run("train", 60, images_per_second=9.0).write(
            folder / "data" / "runs" / "train" / f"{name}.json"
        )
    return folder


@pytest.fixture(scope="module")
def study(workspace: Path) -> Path:
    folder = workspace / "studies" / "tiny"
    assert published.add(workspace, DONE, "0123456789ab", folder) == [
        "bn_maxpool-1",
        "bn_maxpool-2",
        "mobilenet_unet-1",
    ]
    published.write_pages(folder)
    return folder


def test_a_published_training_is_its_evaluation(workspace: Path, study: Path) -> None:
    for variant, seed in DONE:
        name = f"{variant}-{seed}"
        photographs = read_table(study / "photographs.csv.gz")
        piece = read_evaluation(study / "trainings" / name, 2.0, photographs)
        whole = read_evaluation(workspace / "data" / "evaluations" / name, 2.0)
        assert piece.summary == whole.summary
        assert piece.training == whole.training
        assert piece.rows[[*whole.rows]].equals(whole.rows)
        for table in ("chroma", "history", "gap_rows"):
            assert getattr(piece, table).equals(getattr(whole, table))
        assert piece.predictions is not None
        assert np.array_equal(piece.predictions.ab, np.full((4, 16, 16, 2), seed))


def test_predictions_are_published_of_the_first_seed_and_where_a_claim_is_judged_by_them(
    workspace: Path, tmp_path: Path
) -> None:
    other, folder = copy_workspace(workspace, tmp_path), tmp_path / "study"
    evaluations = other / "data" / "evaluations"
    shutil.copytree(evaluations / "mobilenet_unet-1", evaluations / "mobilenet_unet-2")
    for seed in (1, 2):
        control = evaluations / f"bn_maxpool_random_network-{seed}"
        shutil.copytree(evaluations / f"bn_maxpool-{seed}", control)
    trainings = [
        (variant, seed)
        for variant in ("bn_maxpool", "mobilenet_unet", "bn_maxpool_random_network")
        for seed in (1, 2)
    ]
    published.add(other, trainings, "0123456789ab", folder)
    without = {path.name for path in (folder / "trainings").iterdir()} - {
        path.parent.name for path in folder.glob("trainings/*/predictions.npz")
    }
    assert without == {"bn_maxpool_random_network-2"}
    sampled = {path.parent.name for path in folder.glob("trainings/*/evenly_spaced.npy")}
    assert sampled == {f"{variant}-1" for variant, _ in trainings}


def test_what_all_trainings_share_is_published_once(workspace: Path, study: Path) -> None:
    whole = read_table(workspace / "data" / "evaluations" / "bn_maxpool-1" / "test_images.csv")
    photographs = [*map(str, read_table(study / "photographs.csv.gz"))]
    assert {"name", "colorfulness", "gray_mse_ab", "constant_mse_ab"} < {*photographs}
    for path in study.glob("trainings/*/test_images.csv.gz"):
        columns = [*map(str, read_table(path))]
        assert columns[0] == "name"
        assert {name.partition("_")[0] for name in columns[1:]} == {"model"}
        assert sorted([*photographs, *columns[1:]]) == sorted(map(str, whole))


def test_a_published_training_has_its_own_dvc_record(study: Path) -> None:
    locks = {
        path.parent.name: path for path in study.glob(f"trainings/*/{published.EXPERIMENTS_LOCK}")
    }
    assert {
        name: list(yaml.safe_load(path.read_text())["stages"]) for name, path in locks.items()
    } == {
        f"bn_maxpool-{seed}": [f"train@bn_maxpool-{seed}", f"evaluate@bn_maxpool-{seed}"]
        for seed in (1, 2)
    }


def test_only_the_images_that_pages_show_are_published(study: Path) -> None:
    displayed = {
        folder.name: {path.stem for path in folder.glob("*.npy")}
        for folder in (study / "trainings").iterdir()
    }
    assert displayed == {
        "bn_maxpool-1": {"evenly_spaced", "best", "worst"},
        "bn_maxpool-2": set(),
        "mobilenet_unet-1": {"evenly_spaced", "vividness"},
    }


def test_published_trainings_give_the_same_bytes_elsewhere(study: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    copy_inputs(study, other)
    published.write_pages(other)
    pages = files_in(other)
    assert {"study.md", "study.html", "metrics.json", "claims.json", "extremes/good.png"} < pages
    assert files_in(study) - pages == {published.PIPELINE_LOCK}
    for name in pages:
        assert (other / name).read_bytes() == (study / name).read_bytes()


def test_scores_by_label_are_published_in_place_of_the_labels(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_label, "MIN_PHOTOGRAPHS", 2)
    labeled = tmp_path / "labeled"
    shutil.copytree(study, labeled)
    labels = pd.DataFrame({"name": ["im0.jpg", "im2.jpg"], "label": ["sky", "sky"]})
    published.write_pages(labeled, labels)
    text = (labeled / "study.md").read_text()
    assert "| sky | 2 |" in text
    assert "im2.jpg" not in text + (labeled / "label_scores.json").read_text()
    # Without the labels, from what is published of them:
    again = tmp_path / "again"
    shutil.copytree(labeled, again, ignore=shutil.ignore_patterns("*.md", "*.html", "*.png"))
    published.write_pages(again)
    for name in ("study.md", "label_scores.json", "labels/by_label.png", "claims.json"):
        assert (again / name).read_bytes() == (labeled / name).read_bytes()
    assert "The photographs have no labels" in (study / "study.md").read_text()
    assert not list((study / "labels").iterdir())
    # Scores of other trainings, or of other photographs, are not those of this study.
    path = again / "label_scores.json"
    scores = json.loads(path.read_text())
    sky = [evidence(again, 3)[1], evidence(labeled, 3)[1]]
    assert sky[0] == sky[1]
    assert "value" in sky[0]
    path.write_text(json.dumps(scores | {"seeds": {"bn_maxpool": [1]}}))
    published.write_pages(again)
    assert "value" not in evidence(again, 3)[1]
    for other in ({"min_chroma": 9.5}, {"images": 7}):
        path.write_text(json.dumps(scores | other))
        with pytest.raises(ColorizationError, match=r"of \d test photographs, min_chroma"):
            published.write_pages(again)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "studies").glob("*/")))
def test_published_pages_agree_with_their_trainings(name: str, tmp_path: Path) -> None:
    source = ROOT / "studies" / name
    copy_inputs(source, tmp_path)
    inputs = files_in(tmp_path)
    published.write_pages(tmp_path)
    pages = files_in(tmp_path) - inputs - {"study.html"} | {"label_scores.json"}
    different = [
        name for name in pages if (tmp_path / name).read_bytes() != (source / name).read_bytes()
    ]
    assert different == []


def test_a_metric_added_later_has_no_column(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = metrics.Metric(
        "mean_error_ab",
        lambda image: float(image.error.mean()),
        title="mean error in ab",
        direction=metrics.LOWER,
    )
    monkeypatch.setattr(metrics, "METRICS", (*metrics.METRICS, added))
    copy_inputs(study, tmp_path)
    published.write_pages(tmp_path)
    text = (tmp_path / "study.md").read_text()
    assert "error removed, %" in text
    assert "mean error in ab" not in text


def evidence(folder: Path, number: int) -> list[dict[str, Any]]:
    claims = json.loads((folder / "claims.json").read_text())
    return next(claim["evidence"] for claim in claims if claim["number"] == number)


INPUTS = (
    "params.yaml",
    "photographs.csv.gz",
    "truth.npy",
    "label_colors.csv",
    "label_scores.json",
)


def copy_inputs(published_study: Path, out: Path) -> None:
    """Copy what the pages of a published study are computed from."""
    shutil.copytree(published_study / "trainings", out / "trainings")
    for name in INPUTS:
        if (published_study / name).exists():
            copy(published_study / name, out / name)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def test_the_page_lists_missing_trainings_commit_and_hardware(study: Path) -> None:
    text = (study / "study.html").read_text()
    assert (
        "Not trained yet, 3 of 6: seed 2 of <code>mobilenet_unet</code>; "
        "all seeds of <code>bn_maxpool_random_network</code>." in text
    )
    assert "0123456789ab" in text
    assert "Abacus" in text


def test_the_published_text_says_what_is_done_and_on_which_machines(
    study: Path, tmp_path: Path
) -> None:
    text = (study / "study.md").read_text()
    assert (
        "3 of 6 trainings are done, in 0.1 hours of training: 3 on `Abacus <9>` (2 cores)." in text
    )
    assert "Not trained yet, 3 of 6: seed 2 of `mobilenet_unet`; all seeds of `bn_m" in text
    assert "| bn_maxpool (2) | 6,571,234 | 2 | 1.0 | 9.0 | `Abacus <9>` |" in text
    copy_inputs(study, tmp_path)
    (tmp_path / "trainings" / "bn_maxpool-2" / "run.json").unlink()
    published.write_pages(tmp_path)
    text = (tmp_path / "study.md").read_text()
    assert "hours of training: 2 on `Abacus <9>` (2 cores); 1 not recorded." in text
    assert "| bn_maxpool (2) | 6,571,234 | 2 | not recorded |  |  |" in text


def test_trainings_with_other_settings_are_refused(workspace: Path, study: Path) -> None:
    before: dict[str, Any] = {name: (study / name).read_bytes() for name in files_in(study)}
    params = workspace / "params.yaml"
    text = params.read_text()
    params.write_text(text.replace("epochs: 6", "epochs: 7"))
    try:
        with pytest.raises(ColorizationError, match="publish into another folder"):
            published.add(workspace, DONE, "0123456789ab", study)
    finally:
        params.write_text(text)
    assert before == {name: (study / name).read_bytes() for name in files_in(study)}


def test_the_record_of_another_run_is_not_published(workspace: Path, tmp_path: Path) -> None:
    other = tmp_path / "workspace"
    shutil.copytree(workspace, other, ignore=shutil.ignore_patterns("studies"))
    record = other / "data" / "runs" / "train" / "bn_maxpool-1.json"
    run("train", 60, train_mse=0.123).write(record)
    published.add(other, DONE, "0123456789ab", tmp_path / "study")
    recorded = {path.parent.name for path in (tmp_path / "study").rglob("run.json")}
    assert recorded == {"bn_maxpool-2", "mobilenet_unet-1"}


def test_comments_are_no_other_settings(workspace: Path, study: Path, tmp_path: Path) -> None:
    copy_inputs(study, tmp_path)
    path = tmp_path / "params.yaml"
    path.write_text(f"# first published\n{path.read_text()}")
    published.add(workspace, DONE, "0123456789ab", tmp_path)
    assert path.read_text().startswith("# first published\n")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        (
            lambda rows: rows.replace({"name": {"im1.jpg": "unlike.jpg"}}),
            "mobilenet_unet-1 was scored on other test images than",
        ),
        (
            lambda rows: rows.assign(gray_psnr_rgb_db=rows["gray_psnr_rgb_db"] + 0.1),
            "differ in gray_psnr_rgb_db, which",
        ),
        (
            lambda rows: rows.assign(gray_hue=1.0).drop(columns="gray_mse_ab"),
            "differ in gray_mse_ab, gray_hue, which",
        ),
    ],
)
@pytest.mark.parametrize("trainings", [DONE, DONE[2:]])
def test_trainings_on_other_test_images_or_by_other_metrics_are_refused(
    workspace: Path,
    study: Path,
    tmp_path: Path,
    changed: Callable[[pd.DataFrame], pd.DataFrame],
    error: str,
    trainings: list[tuple[str, int]],
) -> None:
    before = {name: (study / name).read_bytes() for name in files_in(study)}
    other = copy_workspace(workspace, tmp_path)
    table = other / "data" / "evaluations" / "mobilenet_unet-1" / "test_images.csv"
    write_table(changed(read_table(table)), table)
    with pytest.raises(ColorizationError, match=error):
        published.add(other, trainings, "0123456789ab", study)
    assert before == {name: (study / name).read_bytes() for name in files_in(study)}


def copy_workspace(workspace: Path, tmp_path: Path) -> Path:
    other = tmp_path / "workspace"
    shutil.copytree(workspace, other, ignore=shutil.ignore_patterns("studies"))
    return other


def rewrite_rows(workspace: Path, changed: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change the scores of all evaluations."""
    for path in workspace.glob("data/evaluations/*/test_images.csv"):
        write_table(changed(read_table(path)), path)


def test_rounding_on_another_processor_makes_no_other_test_images(
    workspace: Path, study: Path, tmp_path: Path
) -> None:
    other, folder = copy_workspace(workspace, tmp_path), tmp_path / "study"
    shutil.copytree(study, folder)
    again = other / "data" / "evaluations" / "bn_maxpool-2"
    shutil.rmtree(again)
    table = rows(4, model_psnr_rgb_db=26.1)
    table["gray_psnr_rgb_db"] += 0.002
    table["constant_mse_ab"] *= 1 + 1e-6
    write(evaluation(table, variant="bn_maxpool", seed=2), again)
    assert published.add(other, DONE, "fedcba987654", folder) == ["bn_maxpool-2"]
    shared = "photographs.csv.gz"
    assert (folder / shared).read_bytes() == (study / shared).read_bytes()
    published.write_pages(folder)


def test_the_order_of_metrics_is_no_difference(
    workspace: Path, study: Path, tmp_path: Path
) -> None:
    other, folder = copy_workspace(workspace, tmp_path), tmp_path / "study"
    shutil.copytree(study, folder)
    rewrite_rows(
        other, lambda rows: rows[sorted(rows, key=lambda name: str(name).startswith("gray_"))]
    )
    assert published.add(other, DONE, "0123456789ab", folder) == []
    shared = "photographs.csv.gz"
    assert (folder / shared).read_bytes() == (study / shared).read_bytes()


def test_a_metric_is_added_with_all_trainings_of_a_study(
    workspace: Path, study: Path, tmp_path: Path
) -> None:
    other, folder = copy_workspace(workspace, tmp_path), tmp_path / "study"
    shutil.copytree(study, folder)
    rewrite_rows(other, lambda rows: rows.assign(gray_hue=1.5))
    with pytest.raises(ColorizationError, match=r"gray_hue, .* or all of the study's trainings"):
        published.add(other, DONE[1:], "0123456789ab", folder)
    assert published.add(other, DONE, "0123456789ab", folder) == []
    photographs = read_table(folder / "photographs.csv.gz")
    assert (photographs["gray_hue"] == 1.5).all()
    published.write_pages(folder)


def test_other_photographs_are_refused_even_with_all_trainings(
    workspace: Path, study: Path, tmp_path: Path
) -> None:
    other = copy_workspace(workspace, tmp_path)
    rewrite_rows(other, lambda rows: rows.replace({"name": {"im1.jpg": "unlike.jpg"}}))
    with pytest.raises(
        ColorizationError, match=r"photographs\.csv\.gz; publish into another folder$"
    ):
        published.add(other, DONE, "0123456789ab", study)


def test_a_photograph_that_rounding_makes_exact_is_no_other_test_image() -> None:
    table = pd.DataFrame({"name": [*map(str, range(40))], "gray_psnr_rgb_db": 60.0})
    exact = table.copy()
    exact.loc[:1, "gray_psnr_rgb_db"] = np.nan
    assert published.differing(table, exact) == []
    exact.loc[:2, "gray_psnr_rgb_db"] = np.nan
    assert published.differing(table, exact) == ["gray_psnr_rgb_db"]


def test_no_column_of_other_photographs_or_of_another_scale_agrees() -> None:
    table = read_table(ROOT / "studies" / "photographs" / "photographs.csv.gz")
    order = np.random.default_rng(0).permutation(len(table))
    columns = [name for name in map(str, table) if name != "name" and table[name].std() > 0]
    assert {"small_regions", "constant_mse_ab"} < {*columns}
    for name in columns:
        rounded = table.assign(**{name: table[name] * (1 + 1e-6)})
        assert published.differing(table, rounded) == []
        for other in (table[name] * 1.01, table[name].to_numpy()[order]):
            assert published.differing(table, table.assign(**{name: other})) == [name]


def test_a_piece_of_other_photographs_is_not_read(study: Path, tmp_path: Path) -> None:
    copy_inputs(study, tmp_path)
    path = tmp_path / "photographs.csv.gz"
    write_table(read_table(path).iloc[::-1].reset_index(drop=True), path)
    with pytest.raises(ColorizationError, match="bn_maxpool-1: scored on other test images than"):
        published.write_pages(tmp_path)


def test_a_piece_with_the_photographs_columns_is_not_read(
    workspace: Path, study: Path, tmp_path: Path
) -> None:
    copy_inputs(study, tmp_path)
    path = tmp_path / "trainings" / "bn_maxpool-1" / "test_images.csv.gz"
    whole = workspace / "data" / "evaluations" / "bn_maxpool-1" / "test_images.csv"
    write_table(read_table(whole), path)
    with pytest.raises(ColorizationError, match=r"bn_maxpool-1: .* columns; publish it anew"):
        published.write_pages(tmp_path)


@pytest.mark.parametrize("name", ["test_images.csv", "gap.csv", "metrics.json"])
def test_a_file_that_a_piece_lacks_is_named(study: Path, tmp_path: Path, name: str) -> None:
    copy_inputs(study, tmp_path)
    for path in (tmp_path / "trainings" / "bn_maxpool-1").glob(f"{name}*"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=f"bn_maxpool-1/{name}"):
        published.write_pages(tmp_path)


def test_of_a_workspace_that_is_out_of_date_nothing_is_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stale = ["split", "package", "train@bn_maxpool-1"]
    monkeypatch.setattr(publish, "changed_stages", lambda: stale)
    with pytest.raises(ColorizationError) as caught:
        publish.up_to_date()
    assert str(caught.value) == "dvc status: out of date: split"


def test_only_a_changed_evaluation_is_published_again(
    workspace: Path, study: Path, tmp_path: Path
) -> None:
    other = tmp_path / "workspace"
    shutil.copytree(workspace, other)
    folder = other / "studies" / "tiny"
    assert published.add(other, DONE, "fedcba987654", folder) == []
    for seed in (1, 2):  # only the first seed's sample images are published
        samples = other / f"data/evaluations/bn_maxpool-{seed}/best.npy"
        np.save(samples, 255 - np.load(samples))
    assert published.add(other, DONE, "fedcba987654", folder) == ["bn_maxpool-1"]


def test_the_published_page_shows_its_pictures(study: Path) -> None:
    paths = re.findall(r"!\[[^]]+\]\((.+?)\)", (study / "study.md").read_text())
    assert sorted(paths) == sorted(str(path.relative_to(study)) for path in study.rglob("*.png"))


def test_a_folder_without_trainings_is_an_error_in_one_line(
    workspace: Path, tmp_path: Path
) -> None:
    copy(workspace / "params.yaml", tmp_path / "params.yaml")
    with pytest.raises(ColorizationError, match="no training of this study found"):
        published.write_pages(tmp_path)


def test_labels_of_a_folder_without_trainings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ColorizationError, match="no training is published there"):
        publish.labels_of(tmp_path, "none")
