"""The record of a run: commit, machine and time."""

import json
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from colorization.core import provenance
from colorization.core.provenance import Run


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("code.py", "dvc.lock", "experiments/dvc.lock", "results/metrics.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("first")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "First")
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_clean_checkout_is_its_commit(checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert provenance.commit(checkout, Path("results")) == head[:12]


def test_what_the_pipeline_writes_does_not_make_the_sources_dirty(checkout: Path) -> None:
    for name in ("dvc.lock", "experiments/dvc.lock", "results/metrics.json", "results/new.csv"):
        (checkout / name).write_text("second")
    assert "changes" not in provenance.commit(checkout, Path("results"))


def test_a_new_source_is_reported(checkout: Path) -> None:
    (checkout / "new.py").write_text("new")
    assert "with uncommitted changes" in provenance.commit(checkout, Path("results"))


@pytest.mark.parametrize("staged", [False, True])
def test_a_changed_source_is_reported(checkout: Path, staged: bool) -> None:
    (checkout / "code.py").write_text("second")
    if staged:
        git(checkout, "add", "code.py")
    head = git(checkout, "rev-parse", "HEAD")
    assert provenance.commit(checkout, Path("results")) == f"{head[:12]} with uncommitted changes"


def test_outside_of_git_the_commit_is_unknown(tmp_path: Path) -> None:
    assert provenance.commit(tmp_path, Path("results")) == "unknown"
    assert provenance.commit_of_code(tmp_path) == "unknown"


COMPUTING = (
    "src/model.py",
    "stages/train.py",
    "dvc.yaml",
    "experiments/dvc.yaml",
    "requirements.lock",
)


@pytest.fixture
def computing(checkout: Path) -> Path:
    """A checkout whose last commit changed what computes."""
    for name in COMPUTING:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("first")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "Code")
    return checkout


def test_published_results_and_photographs_leave_the_commit_of_the_code_as_it_is(
    computing: Path,
) -> None:
    code = git(computing, "rev-parse", "HEAD")[:12]
    (computing / "studies").mkdir()
    (computing / "studies" / "study.md").write_text("first")
    (computing / "dvc.lock").write_text("second")
    git(computing, "add", "--all")
    git(computing, "commit", "--quiet", "--message", "Results")
    for name in ("photo.jpg", "vgg16.weights.h5", "params.yaml", "experiments/dvc.lock"):
        (computing / name).write_text("untracked, or settings and records")
    assert provenance.commit_of_code(computing) == code


@pytest.mark.parametrize("name", [*COMPUTING, "src/new.py"])
def test_a_change_of_what_computes_is_reported(computing: Path, name: str) -> None:
    before = provenance.commit_of_code(computing)
    (computing / name).write_text("second")
    assert provenance.commit_of_code(computing) == f"{before} with uncommitted changes"
    git(computing, "add", "--all")
    git(computing, "commit", "--quiet", "--message", "Another")
    assert provenance.commit_of_code(computing) == git(computing, "rev-parse", "HEAD")[:12]


def test_without_code_its_commit_is_unknown(checkout: Path) -> None:
    assert provenance.commit_of_code(checkout) == "unknown"


@pytest.mark.parametrize("figures", [{}, {"images_per_second": 7.5, "devices": ("one", "another")}])
def test_a_run_records_time_figures_and_machine(tmp_path: Path, figures: dict[str, Any]) -> None:
    written = Run(stage="train", seconds=1.23, machine=provenance.machine(), **figures)
    written.write(tmp_path / "runs" / "train.json")
    content = json.loads((tmp_path / "runs" / "train.json").read_text())
    assert (content["stage"], content["seconds"]) == ("train", 1.23)
    assert set(figures) == set(content) - {"stage", "seconds", "machine"}
    assert Run.read(tmp_path / "runs" / "train.json") == written


def test_a_record_of_another_run_or_version_is_left_out(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.json" for name in ("own", "old", "another", "split")}
    for (name, file), mse in zip(files.items(), (0.25, None, 0.5, None), strict=True):
        Run(stage=name, seconds=1, train_mse=mse, machine=provenance.machine()).write(file)
    files["unreadable"] = tmp_path / "unreadable.json"
    files["unreadable"].write_text('{"stage": "train"')
    history = pd.DataFrame({"train_mse": [0.5, 0.25]})
    trained = dict.fromkeys(("own", "old", "another", "unreadable"), history)
    assert list(provenance.last_runs(files, trained)) == ["own", "old", "split"]


def test_the_machine_is_described() -> None:
    machine = provenance.machine()
    assert machine.cores >= 1
    assert machine.processor
    assert machine.platform
    assert machine.python.startswith("3.")


def test_the_processor_is_the_first_that_linux_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "model name\t: A: 1\nflags\t\t: avx2\nbugs\t\t:\n\nmodel name\t: B\n"
    monkeypatch.setattr(provenance.Path, "read_text", lambda *_, **__: listed)
    expected = {"model name": "A: 1", "flags": "avx2", "bugs": "", "": ""}
    assert provenance.cpu_info() == expected


def test_elsewhere_than_on_linux_the_platform_describes_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provenance, "cpu_info", dict)
    assert provenance.machine().processor


def test_versions_are_those_installed() -> None:
    versions = provenance.machine().versions
    assert versions["tensorflow"] == metadata.version("tensorflow")
    assert {"keras", "numpy", "scipy"} <= set(versions)


def test_the_environment_holds_what_the_bits_of_a_result_depend_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    usual = provenance.environment()
    assert usual["versions"] == provenance.machine().versions
    assert "TF_CPP_MIN_LOG_LEVEL" not in usual["variables"]
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    assert provenance.environment()["variables"]["TF_NUM_INTRAOP_THREADS"] == "1"
    assert provenance.environment() != usual
    assert usual.keys() == {"processor", "cores", "variables", "python", "versions"}


def test_variables_of_other_programs_are_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "TF_CUDNN_PASSWORD",
        "ONEDNN_LOGIN",
        "TF_TOKEN_example_org",
        "TF_VAR_password",
        "TF_CLI_CONFIG_FILE",
        "TF_LOG",
    ):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in provenance.environment()["variables"].values()
