"""How the pipeline behaves under the real DVC, at tiny settings."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import Project, environment, fresh_project, stages_run

AFTER_TRAINING = ["evaluate", "report"]

# Only these may differ between two runs of one commit on one machine: wall time and hardware, and
# the two pages that print them.
DIFFERS_BETWEEN_RUNS = {
    "data/timings/download.json",
    "data/timings/split.json",
    "data/timings/preprocess.json",
    "data/timings/embed.json",
    "data/timings/train/bn_maxpool-1.json",
    "data/timings/evaluate.json",
    "results/report.md",
    "results/report.html",
}


def test_a_fresh_clone_runs_every_stage_and_trains_the_chosen_variant_alone(
    first_run: tuple[Project, str],
) -> None:
    assert stages_run(first_run[1]) == [
        "download",
        "split",
        "preprocess",
        "embed",
        "train@bn_maxpool-1",
        *AFTER_TRAINING,
    ]


def test_nothing_runs_when_nothing_changed(project: Project) -> None:
    assert stages_run(project.succeed("dvc", "repro")) == []
    assert project.succeed("git", "status", "--porcelain") == ""


def test_an_experiment_with_another_variant_runs_only_its_training_and_what_follows(
    project: Project,
) -> None:
    output = project.succeed("dvc", "exp", "run", "-S", "model.variant=baseline")
    assert stages_run(output) == ["train@baseline-1", *AFTER_TRAINING]

    differences = json.loads(project.succeed("dvc", "metrics", "diff", "--all", "--json"))
    differences = differences["results/metrics.json"]
    metrics = json.loads((project.root / "results/metrics.json").read_text())
    expected = {f"{name}.{key}" for name in ("model", "gray", "mean_ab") for key in metrics[name]}
    expected |= {
        f"model_over.{floor}.{key}" for floor, keys in metrics["model_over"].items() for key in keys
    }
    assert set(differences) == {*expected, "images"}
    assert all({"old", "new"} <= set(difference) for difference in differences.values())
    assert differences["model.psnr_rgb_db"]["old"] != differences["model.psnr_rgb_db"]["new"]
    assert differences["gray.psnr_rgb_db"]["old"] == differences["gray.psnr_rgb_db"]["new"]

    plots = json.loads(project.succeed("dvc", "plots", "diff", "--json"))["data"]
    assert [plot["revisions"] for plot in plots["results/history.csv"]] == [["workspace", "HEAD"]]

    back = project.succeed("dvc", "exp", "run", "-S", "model.variant=bn_maxpool")
    assert "report" in stages_run(back)
    assert not any(stage.startswith("train") for stage in stages_run(back))


def test_a_new_seed_retrains_nothing(project: Project) -> None:
    project.update_params({"study": {"seeds": [1, 2]}})
    assert stages_run(project.succeed("dvc", "repro")) == ["report"]
    stages = json.loads(project.succeed("dvc", "status", "--json"))
    assert {"experiments/dvc.yaml:train@bn_maxpool-2"} <= set(stages)
    assert "experiments/dvc.yaml:train@bn_maxpool-1" not in stages


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"download": {"scenes": {"seed": 2}}}, "download"),
        ({"split": {"seed": 2}}, "split"),
        ({"preprocess": {"image_size": 64}}, "preprocess"),
        ({"embed": {"seed": 2}}, "embed"),
        ({"train": {"flip": False}}, "experiments/dvc.yaml:train@bn_maxpool-1"),
        ({"evaluate": {"sample_images": 2}}, "evaluate"),
    ],
)
def test_a_changed_parameter_concerns_its_stage_and_the_report_that_prints_it(
    project: Project, changes: dict, stage: str
) -> None:
    project.update_params(changes)
    assert changed_stages(project) == {stage, "report"}


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("scenes.py", {"download"}),
        ("embedding.py", {"embed", "experiments/dvc.yaml:train@bn_maxpool-1"}),
        ("training.py", {"experiments/dvc.yaml:train@bn_maxpool-1"}),
        ("pictures.py", {"evaluate", "report"}),
        ("report.py", {"report"}),
    ],
)
def test_a_changed_module_concerns_the_stages_that_import_it(
    project: Project, module: str, stages: set[str]
) -> None:
    path = project.root / "src/colorization" / module
    path.write_text(path.read_text() + "\n# A remark.\n")
    assert changed_stages(project) == stages


def changed_stages(project: Project) -> set[str]:
    """The stages of the plain `dvc repro` that DVC would run again, `check` aside."""
    stages = set(json.loads(project.succeed("dvc", "status", "--json")))
    return {stage for stage in stages if "@baseline" not in stage} - {"check"}


def test_a_local_source_counts_by_its_content(project: Project, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    project.succeed("python", "-m", "zipfile", "-e", "data/raw.zip", str(photos))
    project.update_params({"download": {"source": str(photos)}})

    assert stages_run(project.succeed("dvc", "repro", "download")) == ["download"]
    for photo in photos.iterdir():
        photo.touch()
    assert stages_run(project.succeed("dvc", "repro", "download")) == []
    one, other = sorted(photos.iterdir())[:2]
    one.write_bytes(other.read_bytes())
    assert stages_run(project.succeed("dvc", "repro", "download")) == ["download"]


def test_a_wrong_value_is_refused_before_anything_is_computed_or_deleted(project: Project) -> None:
    before = {path: path.read_bytes() for path in (project.root / "results").iterdir()}
    failed = project.run("dvc", "exp", "run", "-S", "model.variant=typo")

    assert failed.returncode != 0
    assert (
        "check: params.yaml: model.variant must be one of baseline, bn_maxpool; found 'typo'"
    ) in failed.stdout.splitlines()
    assert "Traceback" not in failed.stdout
    assert "Running stage 'evaluate'" not in failed.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert (project.root / "models/bn_maxpool-1/model.weights.h5").is_file()


@pytest.mark.parametrize("victim", ["everything", "dvc alone"])
def test_after_a_kill_the_same_command_finishes_the_work(project: Project, victim: str) -> None:
    undisturbed = project.locked_outputs()
    lock = project.root / "experiments/dvc.lock"
    lock.unlink()
    (project.root / ".dvc/cache/runs").rename(project.root / ".dvc/cache/no-runs")

    started = subprocess.Popen(
        ["dvc", "repro"],
        cwd=project.root,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    partial = project.root / "models/.bn_maxpool-1.partial"
    while not partial.exists():
        assert started.poll() is None, "training ended before it could be killed"
        time.sleep(0.05)
    time.sleep(random.uniform(0, 3))  # noqa: S311
    if victim == "everything":
        os.killpg(started.pid, signal.SIGKILL)
    else:
        started.kill()
    started.wait()

    project.succeed("dvc", "repro")
    assert_same_outputs(project.locked_outputs(), undisturbed)


def test_going_back_in_time_restores_the_results(project: Project) -> None:
    first = project.succeed("git", "rev-parse", "HEAD").strip()
    model = project.root / "models/bn_maxpool-1/history.csv"
    before = model.read_bytes()
    project.update_params({"train": {"epochs": 1}})
    project.succeed("dvc", "repro")
    project.commit()
    assert model.read_bytes() != before

    project.succeed("git", "checkout", "--quiet", first)
    project.succeed("dvc", "checkout", "--allow-missing")
    assert model.read_bytes() == before
    assert changed_stages(project) == set()


def test_two_fresh_runs_give_the_same_bytes(first_run: tuple[Project, str], tmp_path: Path) -> None:
    first = first_run[0]
    second = fresh_project(tmp_path / "second")
    second.succeed("dvc", "repro")
    assert_same_outputs(second.locked_outputs(), first.locked_outputs())


def assert_same_outputs(found: dict[str, str], expected: dict[str, str]) -> None:
    assert set(found) == set(expected)
    different = {path for path in found if found[path] != expected[path]}
    assert different <= DIFFERS_BETWEEN_RUNS


def test_the_report_names_its_commit_and_whether_the_sources_were_changed(
    project: Project,
) -> None:
    commit = project.succeed("git", "rev-parse", "--short=12", "HEAD").strip()
    page = project.root / "results/report.md"

    project.succeed("dvc", "repro", "--single-item", "--force", "report")
    assert f"| commit | {commit} |" in page.read_text()

    project.update_params({"evaluate": {"sample_images": 2}})
    project.succeed("dvc", "repro", "--single-item", "--force", "report")
    assert f"| commit | {commit} with uncommitted changes |" in page.read_text()
