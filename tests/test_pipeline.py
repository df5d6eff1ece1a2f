"""How the pipeline behaves under the real DVC, at tiny settings.

What a changed parameter or file costs is derived in test_dependencies from what the stages declare;
here one `dvc status` shows that DVC derives the same.
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml

import colorization
from colorization.core.model_records import TRAINING, TrainingRecord
from colorization.core.provenance import Run
from colorization.sources import archives
from conftest import ROOT, TINY, Project, fresh_project, stages_run
from samples import pack
from test_dependencies import declared, parameters


def test_a_fresh_clone_runs_every_stage_and_trains_the_chosen_variant_alone(
    first_run: tuple[Project, str],
) -> None:
    assert sorted(stages_run(first_run[1])) == [
        "colors",
        "download",
        "embed",
        "embedder",
        "evaluate@bn_maxpool-1",
        "inputs@bn_maxpool",
        "labels",
        "package",
        "preprocess",
        "report",
        "split",
        "train@bn_maxpool-1",
        "trivial",
    ]


def test_the_study_trains_what_is_missing_and_survives_a_variant_that_fails(
    study: tuple[Project, str, str],
) -> None:
    _, failed, mended = study
    assert "Traceback" not in failed
    assert (
        "train: encoders.mobilenet_v2 must be random, imagenet, or the path of a weights file; "
        "found 'none.h5', which does not exist"
    ) in failed.splitlines()
    assert "train@mobilenet_unet-1" in failed.split("ERROR", 1)[1]
    assert set(stages_run(failed)) == {
        "report",  # it prints the parameters
        "embed_control@another_photograph",
        "inputs@another_photograph",
        "inputs@mobilenet_unet",
        "train@another_photograph-1",
        "train@mobilenet_unet-1",
        "evaluate@another_photograph-1",
    }
    assert sorted(stages_run(mended)) == [
        "compare",
        "evaluate@mobilenet_unet-1",
        "inputs@mobilenet_unet",
        "report",
        "train@mobilenet_unet-1",
    ]


def test_the_study_compares_all_its_trainings(study: tuple[Project, str, str]) -> None:
    project = study[0]
    scores = json.loads((project.root / "results/study/metrics.json").read_text())
    assert list(scores) == [
        "images",
        "images_scored",
        "bn_maxpool",
        "mobilenet_unet",
        "another_photograph",
        "gray",
        "constant",
    ]
    own = json.loads((project.root / "results/metrics.json").read_text())
    assert scores["bn_maxpool"]["psnr_rgb_db"] == own["model"]["psnr_rgb_db"]
    record = TrainingRecord.read(project.root / "models/bn_maxpool-1" / TRAINING)
    assert (record.variant, record.seed, record.train.epochs) == ("bn_maxpool", 1, 2)
    judged = json.loads((project.root / "results/study/claims.json").read_text())
    assert [claim["number"] for claim in judged] == list(range(1, 13))


def test_the_package_embeds_a_photograph_as_the_pipeline_does(
    first_run: tuple[Project, str], tmp_path: Path
) -> None:
    root = first_run[0].root
    colorizer = colorization.load(root / "models/chosen")
    embedder = colorizer._embedder
    assert embedder is not None
    embeddings = root / "data/embeddings/imagenet"
    names = json.loads((embeddings / "names.json").read_text())["test"]
    stored = np.load(embeddings / "test.npy")
    assert len(names) == len(stored) > 1
    squares = []
    for name in names:
        (tmp_path / name).write_bytes(archives.read_member(root / "data/raw.zip", name))
        square = colorizer.prepare_input(tmp_path / name).square
        assert square is not None
        squares.append(square)
    np.testing.assert_allclose(embedder.embed(np.stack(squares)), stored, atol=1e-3)
    assert np.abs(stored[0] - stored[1]).max() > 0.1  # others differ


def test_nothing_runs_when_nothing_changed(study: tuple[Project, str, str], tmp_path: Path) -> None:
    project = study[0].copy(tmp_path / "project")
    assert stages_run(project.succeed("dvc", "repro", "--all-pipelines")) == []
    assert project.succeed("git", "status", "--porcelain") == ""


def test_an_experiment_with_a_variant_of_the_study_packages_it_and_git_brings_the_first_back(
    study: tuple[Project, str, str], tmp_path: Path
) -> None:
    project = study[0].copy(tmp_path / "project")
    first = project.succeed("git", "rev-parse", "HEAD").strip()
    network = project.root / "models/chosen/model.onnx"
    before = network.read_bytes()
    output = project.succeed("dvc", "exp", "run", "-S", "model.variant=mobilenet_unet")
    assert sorted(stages_run(output)) == ["package", "report"]
    assert network.read_bytes() != before

    differences = project.read_json("dvc", "metrics", "diff", "--all")["results/metrics.json"]
    metrics = json.loads((project.root / "results/metrics.json").read_text())
    # DVC passes over what is null on both sides.
    assert set(differences) == set(pd.json_normalize(metrics).dropna(axis="columns"))
    assert all({"old", "new"} <= set(difference) for difference in differences.values())
    assert differences["model.psnr_rgb_db"]["old"] != differences["model.psnr_rgb_db"]["new"]
    assert differences["gray.psnr_rgb_db"]["old"] == differences["gray.psnr_rgb_db"]["new"]
    plots = project.read_json("dvc", "plots", "diff")["data"]
    assert [plot["revisions"] for plot in plots["results/history.csv"]] == [["workspace", "HEAD"]]

    # It sees neither embeddings nor their network.
    page = (project.root / "results/report.html").read_text()
    assert ">embed<" not in page
    assert ">preprocess<" in page
    assert "mobilenet_v2 has random weights" in page

    project.commit()
    back = project.succeed("dvc", "exp", "run", "-S", "model.variant=bn_maxpool")
    assert stages_run(back) == ["report"]  # with the package from DVC's cache
    assert network.read_bytes() == before
    assert project.succeed("git", "status", "--porcelain", "--untracked-files=all", "data") == ""

    project.succeed("git", "checkout", "--quiet", "--force", "HEAD")
    project.succeed("dvc", "checkout", "--allow-missing")
    assert network.read_bytes() != before
    project.succeed("git", "checkout", "--quiet", first)
    project.succeed("dvc", "checkout", "--allow-missing")
    assert network.read_bytes() == before
    assert project.read_json("dvc", "status", "--with-deps", "report").keys() <= {"check"}


def test_with_a_filled_remote_another_clone_computes_nothing_and_its_report_names_the_commit(
    study: tuple[Project, str, str], tmp_path: Path
) -> None:
    project = study[0].copy(tmp_path / "project")
    project.succeed("dvc", "remote", "add", "--default", "storage", str(tmp_path / "remote"))
    commit = project.commit()[:12]
    project.succeed("dvc", "push", "--run-cache")
    project.succeed("git", "clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.succeed("dvc", "pull", "--run-cache", "--allow-missing")
    assert stages_run(clone.succeed("dvc", "repro", "--all-pipelines")) == []
    assert clone.locked_outputs() == project.locked_outputs()
    model = "models/bn_maxpool-1/model.weights.h5"
    assert (clone.root / model).read_bytes() == (project.root / model).read_bytes()

    report, page = ("dvc", "repro", "--force", "--single-item", "report"), "results/report.html"
    clone.succeed(*report)
    text = (clone.root / page).read_text()
    assert "unknown: the model comes from a cache or a remote" in text
    assert f"<code>{commit}</code>" in text
    assert clone.succeed("git", "status", "--porcelain", "--untracked-files=all") == ""
    clone.update_params({"evaluate": {"num_samples": 2}})
    clone.succeed(*report)
    text = (clone.root / page).read_text()
    assert f"<code>{commit} with uncommitted changes</code>" in text


# Of each section of params.yaml that a stage reads, a value that differs from TINY's.
CHANGES: dict[str, Any] = {
    "download": {"scenes": {"seed": 2}},
    "split": {"seed": 2},
    "preprocess": {"image_size": 64},
    "embed": {"seed": 2},
    "encoders": {"vgg19": "imagenet"},
    "variants": {
        **TINY["variants"],
        "mobilenet_unet": TINY["variants"]["mobilenet_unet"] | {"train": {"epochs": 3}},
        "baseline": {"network": "baseline", "embedding": "imagenet", "encoder": "none"},
    },
    "study": {"seeds": [1, 2]},
    "train": {"flip": False},
    "evaluate": {"num_samples": 2},
}
CHANGED_LINES = {"variants.mobilenet_unet", "variants.baseline"}
# A file of every folder.
EDITED = {
    f"src/colorization/{file}"
    for file in (
        "__init__.py",
        "architectures/bn_maxpool.py",
        "backbones/folding.py",
        "color/lab.py",
        "colorizing/command.py",
        "core/files.py",
        "dataset/arrays.py",
        "embedding/imagenet.py",
        "networks/blocks.py",
        "packaging/to_onnx.py",
        "pages/templates/report.md.j2",
        "photos/decoding.py",
        "releasing/release.py",
        "scoring/metrics.py",
        "sources/scenes.py",
        "study/claims.py",
        "training/fitting.py",
    )
}


def test_dvc_sees_of_every_change_what_the_stages_declare(
    study: tuple[Project, str, str], tmp_path: Path
) -> None:
    """All changes at once: DVC reports of each stage which of its dependencies changed."""
    project = study[0].copy(tmp_path / "project")
    made = set(project.locked()) - {"check"}
    for file in EDITED:
        with (project.root / file).open("a") as opened:
            opened.write("\n# A remark.\n")
    project.update_params(CHANGES)
    changed = {short(name): seen(why) for name, why in project.read_json("dvc", "status").items()}

    new = {
        f"{stage}@{training}"
        for stage, training in product(("train", "evaluate"), ("baseline-1", "baseline-2"))
    } | {f"{instance[:-1]}2" for instance in made if instance.endswith("-1")}
    new.add("inputs@baseline")
    assert set(changed) - made == {"check", *new}
    expected = {instance: what_changes(instance) for instance in made}
    assert {name: changed[name] for name in set(changed) & made} == {
        name: changes for name, changes in expected.items() if changes
    }


def short(name: str) -> str:
    return name.removeprefix("experiments/dvc.yaml:")


def seen(why: list) -> set[str]:
    """The dependencies of a stage that changed, as DVC tells them."""
    states: dict[str, Any] = next(
        (item["changed deps"] for item in why if "changed deps" in item), {}
    )
    parameters_changed = states.pop("params.yaml", {})
    return {*states, *parameters_changed}


def what_changes(instance: str) -> set[str]:
    """The dependencies of a stage that change, by what it declares."""
    stage, _, key = instance.partition("@")
    variables = {"${item}": key, "${key}": key, "${item.variant}": key.removesuffix("-1")}
    for name, value in TINY["variants"].get(key, {}).items():
        variables[f"${{item.{name}}}"] = str(value)
    paths, keys = declared(stage), parameters(stage)
    for variable, value in variables.items():
        paths, keys = ({text.replace(variable, value) for text in item} for item in (paths, keys))
    return {path for path in paths if any(covers(path, file) for file in EDITED)} | {
        key for key in keys if any(f"{leaf}.".startswith(f"{key}.") for leaf in changed_keys())
    }


def covers(path: str, file: str) -> bool:
    """Whether a dependency is a file, or a folder that holds it."""
    return file == path or file.startswith(f"{path}/")


def changed_keys() -> Iterator[str]:
    """The names of all parameters that CHANGES changes."""
    yield from CHANGED_LINES
    yield from leaves({name: value for name, value in CHANGES.items() if name != "variants"})


def leaves(changes: dict, above: str = "") -> Iterator[str]:
    """The names of all single values."""
    for key, value in changes.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def test_what_dvc_says_is_up_to_date_is_published(
    study: tuple[Project, str, str], tmp_path: Path
) -> None:
    project = study[0].copy(tmp_path / "study")
    tool = (sys.executable, str(ROOT / "tools" / "publish.py"), "studies/tiny")
    message = project.succeed(*tool).splitlines()[-1].removeprefix("published in studies/tiny: ")
    trained = {path.name for path in (project.root / "models").iterdir()} - {"chosen"}
    assert set(message.split(", ")) == trained
    page = project.root / "studies" / "tiny" / "study.md"
    before = page.read_bytes()
    page.unlink()
    project.succeed(*tool, "--page-only")
    assert page.read_bytes() == before
    assert "nothing new" in project.succeed(*tool)
    project.update_params({"encoders": {"vgg19": "imagenet"}})  # no training depends on it
    assert "publish into another folder" in project.run(*tool).stdout


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


def test_an_experiment_in_a_copy_of_the_project_reads_the_same_local_files(tmp_path: Path) -> None:
    project = fresh_project(tmp_path / "project")
    project.update_params(
        {
            "download": {"source": "../photos.zip"},
            "embed": {"weights": "weights/embedding.h5"},
            "encoders": {"mobilenet_v2": "weights/mobilenet_v2.h5"},
            "model": {"variant": "mobilenet_unet"},
        }
    )
    project.commit()
    pack(tmp_path / "photos.zip", {"a.jpg": b"x"})
    (project.root / "weights").mkdir()  # git does not know it, so the copy lacks it
    for name in ("embedding.h5", "mobilenet_v2.h5"):
        (project.root / "weights" / name).write_text(name)

    output = project.succeed("dvc", "exp", "run", "--temp", "--name", "copied", "download")
    assert stages_run(output) == ["download"]
    project.succeed("dvc", "exp", "branch", "copied", "of-the-copy")
    in_copy = project.succeed("git", "show", "of-the-copy:dvc.lock")
    params_of_copy = project.succeed("git", "show", "of-the-copy:params.yaml")
    project.succeed("dvc", "repro", "--force", "download")
    assert yaml.safe_load(in_copy) == yaml.safe_load((project.root / "dvc.lock").read_text())
    assert params_of_copy == (project.root / "params.yaml").read_text()


def test_a_wrong_value_is_refused_before_anything_is_computed_or_deleted(project: Project) -> None:
    before = {
        path: path.read_bytes()
        for folder in ("results", "data/inputs", "data/weights")
        for path in (project.root / folder).rglob("*.*")
    }
    assert len(before) > 6
    failed = project.run("dvc", "exp", "run", "-S", "model.variant=typo")

    assert failed.returncode != 0
    assert (
        "check: params.yaml: model.variant must be one of bn_maxpool, mobilenet_unet; found 'typo'"
    ) in failed.stdout.splitlines()
    assert "Traceback" not in failed.stdout
    assert stages_run(failed.stdout) == []
    assert {path: path.read_bytes() for path in before} == before
    assert (project.root / "models/bn_maxpool-1/model.weights.h5").is_file()


@pytest.mark.parametrize(
    ("section", "key", "value", "words_of_dvc", "line"),
    [
        ("study", "seeds", [], "Could not find 'study.seeds.0'", r"study.seeds .*; found \[\]"),
        ("study", "seeds", 1, "Could not find 'study.seeds.0'", "study.seeds must .*; found 1"),
        (
            "model",
            "variant",
            ["baseline"],
            "Cannot interpolate data of type 'list'",
            r"model.variant must be a valid string; found \['baseline'\]",
        ),
    ],
)
def test_what_dvc_cannot_resolve_is_explained_before_it_begins(
    tmp_path: Path, section: str, key: str, value: object, words_of_dvc: str, line: str
) -> None:
    project = fresh_project(tmp_path / "project")
    project.update_params({section: {key: value}})
    bare = project.run("dvc", "repro")
    assert bare.returncode != 0
    assert words_of_dvc in bare.stdout
    assert "Running stage" not in bare.stdout
    ours = project.run("python", str(ROOT / "tools" / "validate.py"), "params.yaml")
    assert ours.returncode == 1
    assert re.fullmatch(f"params.yaml: {line}", ours.stdout.strip())


@pytest.mark.parametrize("target", ["repro", "study"])
def test_make_explains_the_parameters_before_dvc_begins(target: str) -> None:
    dry = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = [line for line in dry.stdout.splitlines() if "params.yaml" in line or "dvc" in line]
    assert commands[-2] == "python tools/validate.py params.yaml"
    assert commands[-1].startswith("dvc repro")


PARTIAL = {
    "download": "data/.raw.zip.*.partial",
    "preprocess": "data/.lab.*.partial",
    "embed": ".dvc/tmp/embedding/*",
    "train": "models/.bn_maxpool-1.*.partial",
    "evaluate": "data/evaluations/.bn_maxpool-1.*.partial",
}
# A kill while a stage writes, and how long after it began, in seconds.
KILLS = [(stage, victim, 0.3) for stage in PARTIAL for victim in ("everything", "dvc alone")]
KILLS += [("train", victim, wait) for victim in ("everything", "dvc alone") for wait in (2, 4, 6)]


def make_again(project: Project, *commands: str) -> None:
    """Let the next `dvc repro` run commands as if for the first time."""
    for name in ("dvc.lock", "experiments/dvc.lock"):
        lock = project.root / name
        text = lock.read_text()
        for command in commands:
            text = text.replace(f"cmd: {command}\n", "cmd: another\n")
        lock.write_text(text)
    (project.root / ".dvc/cache/runs").rename(project.root / ".dvc/cache/no-runs")


def test_work_that_is_killed_on_the_way_ends_in_the_same_bytes_and_a_clean_tree(
    project: Project, tmp_path: Path
) -> None:
    undisturbed = project.locked_outputs()
    make_again(project, "python stages/preprocess.py", "python stages/train.py bn_maxpool 1")
    printed = tmp_path / "printed.txt"

    def repro_until(happened: Callable[[], object]) -> subprocess.Popen[str]:
        with printed.open("w") as output:
            started = project.start(
                "dvc", "repro", stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        while not happened():
            assert started.poll() is None, printed.read_text()
            time.sleep(0.01)
        return started

    alone = repro_until(lambda: [*project.root.glob(PARTIAL["preprocess"])])
    alone.kill()  # DVC; the stage that it started goes on
    assert alone.wait() == -signal.SIGKILL

    checkpoints = project.root / ".dvc/tmp/training/bn_maxpool-1"
    interrupted = repro_until(lambda: [*checkpoints.glob("*/epoch-*")])
    trainer(interrupted.pid).terminate()
    assert interrupted.wait(60) != 0
    assert "train: interrupted; the same command finishes the work" in printed.read_text()
    assert "Traceback" not in printed.read_text()
    assert not (project.root / "models/bn_maxpool-1").exists()
    assert not [*project.root.glob(PARTIAL["train"])]

    everything = repro_until(lambda: "resuming from the checkpoint" in printed.read_text())
    os.killpg(everything.pid, signal.SIGKILL)
    assert everything.wait() == -signal.SIGKILL

    assert "resuming from the checkpoint" in project.succeed("dvc", "repro")
    assert project.locked_outputs() == undisturbed
    assert project.succeed("git", "status", "--porcelain", "--untracked-files=all") == ""


@pytest.mark.soak
def test_a_second_run_from_nothing_gives_the_same_bytes(
    first_run: tuple[Project, str], tmp_path: Path
) -> None:
    clone = Project(tmp_path / "clone")
    first_run[0].succeed("git", "clone", "--quiet", ".", str(clone.root))
    clone.succeed("dvc", "repro")
    assert clone.locked_outputs() == first_run[0].locked_outputs()
    assert clone.succeed("git", "status", "--porcelain", "--untracked-files=all") == ""
    pages = [(item.root / "results/report.html").read_text() for item in (first_run[0], clone)]
    assert pages[0] != pages[1]  # times, and the commit


@pytest.mark.soak
@pytest.mark.parametrize(("stage", "victim", "wait"), KILLS)
def test_after_a_kill_the_same_command_finishes_the_work(
    project: Project, stage: str, victim: str, wait: float
) -> None:
    undisturbed = project.locked_outputs()
    of_experiments = stage in ("train", "evaluate")
    (project.root / ("experiments/dvc.lock" if of_experiments else "dvc.lock")).unlink()
    (project.root / ".dvc/cache/runs").rename(project.root / ".dvc/cache/no-runs")

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = project.start("dvc", "repro", start_new_session=True, **quiet)
    while not [*project.root.glob(PARTIAL[stage])]:
        assert started.poll() is None, f"{stage} ended before it could be killed"
        time.sleep(0.01)
    time.sleep(wait)
    if victim == "everything":
        os.killpg(started.pid, signal.SIGKILL)
    else:
        started.kill()
    assert started.wait() == -signal.SIGKILL

    project.succeed("dvc", "repro")
    assert project.locked_outputs() == undisturbed


@pytest.mark.soak
def test_a_training_killed_twenty_times_ends_in_the_same_bytes(project: Project) -> None:
    """The trainer alone, or dvc with it, at random moments from its start on."""
    variants = {"baseline": {"network": "baseline", "embedding": "imagenet", "encoder": "none"}}
    project.update_params({"model": {"variant": "baseline"}, "variants": variants})
    project.update_params({"train": {"epochs": 300}})
    project.succeed("dvc", "repro", "embed")
    project.commit()
    undisturbed = project.copy(project.root.with_name("undisturbed"))
    undisturbed.succeed("dvc", "repro")
    seconds = Run.read(undisturbed.root / "data/runs/train/baseline-1.json").seconds

    rng = random.Random(1)  # noqa: S311
    printed = project.root.with_name("printed.txt")
    kills = went_on = 0
    while kills < 20:
        with printed.open("w") as output:
            started = project.start(
                "dvc", "repro", stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        while "> python stages/train.py" not in printed.read_text() and started.poll() is None:
            time.sleep(0.01)
        # At the latest after ten more epochs, so that the training does not end before.
        moment = time.monotonic() + rng.uniform(0, seconds)
        latest = epochs_done(project, "baseline-1") + 10
        while time.monotonic() < moment and epochs_done(project, "baseline-1") < latest:
            time.sleep(0.01)
        assert "> python stages/evaluate.py" not in printed.read_text()
        assert started.poll() is None
        if kills % 2:
            os.killpg(started.pid, signal.SIGKILL)
        else:
            with contextlib.suppress(StopIteration, psutil.NoSuchProcess):  # not yet, or no more
                trainer(started.pid).kill()
        started.wait()
        kills += 1
        went_on += "resuming from the checkpoint" in printed.read_text()
    assert went_on >= 5
    project.succeed("dvc", "repro")
    assert project.locked_outputs() == undisturbed.locked_outputs()
    assert not list((project.root / ".dvc/tmp/training").iterdir())


def epochs_done(project: Project, training: str) -> int:
    """The epoch of a training's newest checkpoint, or 0."""
    checkpoints = (project.root / ".dvc/tmp/training" / training).glob("*/epoch-*")
    return max((int(path.name.removeprefix("epoch-")) for path in checkpoints), default=0)


def trainer(dvc: int) -> psutil.Process:
    """The training that DVC runs."""
    return next(
        process
        for process in psutil.Process(dvc).children(recursive=True)
        if "stages/train.py" in process.cmdline()
    )


@pytest.mark.soak
@pytest.mark.parametrize("interrupt", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_training_ends_at_once_and_resumes(
    project: Project, interrupt: signal.Signals
) -> None:
    project.update_params({"train": {"epochs": 5}})
    command = ("python", "stages/train.py", "bn_maxpool", "1")
    model = project.root / "models/bn_maxpool-1"
    project.succeed(*command)
    uninterrupted = {path.relative_to(model): path.read_bytes() for path in model.rglob("*.*")}
    shutil.rmtree(model)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = project.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    while not list((project.root / ".dvc/tmp/training/bn_maxpool-1").glob("*/epoch-*")):
        assert started.poll() is None
        time.sleep(0.02)
    asked = time.monotonic()
    started.send_signal(interrupt)
    _, errors = started.communicate(timeout=60)
    assert time.monotonic() - asked < 15
    assert started.returncode == 1
    assert errors.splitlines()[-1] == "train: interrupted; the same command finishes the work"
    assert not model.exists()
    assert not list(project.root.glob("models/.bn_maxpool-1*"))

    assert "resuming from the checkpoint" in project.succeed(*command)
    assert {path.relative_to(model): path.read_bytes() for path in model.rglob("*.*")} == (
        uninterrupted
    )
