"""How the pipeline behaves under the real DVC, at tiny settings."""

import contextlib
import hashlib
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from colorization.backbones.weights import Pretrained
from colorization.core.provenance import Run
from colorization.training.record import TRAINING, TrainingRecord
from conftest import ROOT, Project, fresh_project, stages_run
from samples import pack


def test_a_fresh_clone_runs_every_stage_and_trains_the_chosen_variant_alone(
    first_run: tuple[Project, str],
) -> None:
    assert sorted(stages_run(first_run[1])) == [
        "colours",
        "download",
        "embed",
        "embedder",
        "evaluate@bn_maxpool-1",
        "floors",
        "package",
        "preprocess",
        "report",
        "split",
        "train@bn_maxpool-1",
    ]


def test_nothing_runs_when_nothing_changed(project: Project) -> None:
    assert stages_run(project.succeed("dvc", "repro")) == []
    assert project.succeed("git", "status", "--porcelain") == ""


def test_an_experiment_with_another_variant_runs_only_its_training_and_what_follows(
    project: Project,
) -> None:
    output = project.succeed("dvc", "exp", "run", "-S", "model.variant=baseline")
    wanted = ["evaluate@baseline-1", "package", "report", "train@baseline-1"]
    assert sorted(stages_run(output)) == wanted

    differences = project.read_json("dvc", "metrics", "diff", "--all")["results/metrics.json"]
    metrics = json.loads((project.root / "results/metrics.json").read_text())
    # DVC passes over what is null on both sides.
    expected = {
        f"{name}.{key}"
        for name in ("model", "grey", "mean_ab")
        for key, value in metrics[name].items()
        if value is not None
    }
    expected |= {
        f"model_over.{floor}.{key}" for floor, keys in metrics["model_over"].items() for key in keys
    }
    assert set(differences) == {*expected, "images"}
    assert all({"old", "new"} <= set(difference) for difference in differences.values())
    assert differences["model.psnr_rgb_db"]["old"] != differences["model.psnr_rgb_db"]["new"]
    assert differences["grey.psnr_rgb_db"]["old"] == differences["grey.psnr_rgb_db"]["new"]

    plots = project.read_json("dvc", "plots", "diff")["data"]
    assert [plot["revisions"] for plot in plots["results/history.csv"]] == [["workspace", "HEAD"]]

    # So the study does not train it again.
    assert "experiments/dvc.yaml:train@baseline-1" not in project.read_json("dvc", "status")

    back = project.succeed("dvc", "exp", "run", "-S", "model.variant=bn_maxpool")
    assert stages_run(back) == ["report"]
    assert project.succeed("git", "status", "--porcelain", "--untracked-files=all", "data") == ""


def test_a_second_run_elsewhere_gives_the_same_bytes_and_leaves_a_clean_tree(
    first_run: tuple[Project, str], tmp_path: Path
) -> None:
    second = Project(tmp_path / "second")
    first_run[0].succeed("git", "clone", "--quiet", ".", str(second.root))
    second.succeed("dvc", "repro")
    assert second.succeed("git", "status", "--porcelain", "--untracked-files=all") == ""
    assert second.locked_outputs() == first_run[0].locked_outputs()
    pages = [(each.root / "results/report.html").read_text() for each in (first_run[0], second)]
    assert pages[0] != pages[1]  # times, and the commit


def test_a_variant_with_an_encoder_of_its_own_does_not_depend_on_the_embeddings(
    project: Project,
) -> None:
    project.update_params({"embed": {"seed": 2}, "model": {"variant": "vgg16_repeat"}})
    assert stages_run(project.succeed("dvc", "repro", "report")) == [
        "train_alone@vgg16_repeat-1",
        "evaluate_alone@vgg16_repeat-1",
        "report",
    ]
    page = (project.root / "results" / "report.html").read_text()
    assert ">embed<" not in page
    assert ">preprocess<" in page
    assert "vgg16 has random weights" in page


def test_the_study_trains_what_is_missing_and_survives_a_variant_that_fails(
    study: tuple[Project, str, str],
) -> None:
    _, failed, mended = study
    assert "Traceback" not in failed
    assert (
        "train: encoders.vgg16 must be random, imagenet, or the path of a weights file; "
        "found 'none.h5', which does not exist"
    ) in failed.splitlines()
    assert "train_alone@vgg16_repeat-1" in failed.split("ERROR", 1)[1]
    others = ("baseline-1", "bn_maxpool_one_in_2-1")
    assert set(stages_run(failed)) == {
        "report",  # it prints the parameters
        *(f"{stage}@{name}" for stage in ("train", "evaluate") for name in others),
        "train_bins@mobilenet_unet-1",
        "evaluate_bins@mobilenet_unet-1",
        "train_alone@vgg16_repeat-1",
    }
    assert sorted(stages_run(mended)) == [
        "compare",
        "evaluate_alone@vgg16_repeat-1",
        "report",
        "train_alone@vgg16_repeat-1",
    ]


def test_the_study_compares_all_its_trainings(study: tuple[Project, str, str]) -> None:
    project = study[0]
    found = json.loads((project.root / "results/study/metrics.json").read_text())
    assert list(found) == [
        "images",
        "baseline",
        "bn_maxpool",
        "bn_maxpool_one_in_2",
        "vgg16_repeat",
        "mobilenet_unet",
        "grey",
        "mean_ab",
    ]
    own = json.loads((project.root / "results/metrics.json").read_text())
    assert found["bn_maxpool"]["psnr_rgb_db"] == own["model"]["psnr_rgb_db"]
    part, whole = (
        TrainingRecord.read(project.root / "models" / name / TRAINING)
        for name in ("bn_maxpool_one_in_2-1", "bn_maxpool-1")
    )
    assert part.training_images == -(-whole.training_images // 2)
    assert part.train.epochs == 2 * whole.train.epochs
    judged = json.loads((project.root / "results/study/claims.json").read_text())
    assert [claim["number"] for claim in judged] == list(range(1, 12))


def test_where_the_study_is_made_no_clone_with_its_remote_computes_anything(
    study: tuple[Project, str, str], tmp_path: Path
) -> None:
    project = study[0].copy(tmp_path / "project")
    assert stages_run(project.succeed("dvc", "repro", "--all-pipelines")) == []
    clone = clone_from_a_filled_remote(project, tmp_path)
    assert stages_run(clone.succeed("dvc", "repro", "--all-pipelines")) == []
    assert clone.succeed("git", "status", "--porcelain", "--untracked-files=all") == ""
    another = project.succeed("dvc", "exp", "run", "-S", "model.variant=vgg16_repeat")
    assert sorted(stages_run(another)) == ["package", "report"]


def test_a_new_seed_retrains_nothing(project: Project) -> None:
    project.update_params({"study": {"seeds": [1, 2]}})
    assert stages_run(project.succeed("dvc", "repro")) == ["report"]
    stages = project.read_json("dvc", "status")
    assert {"experiments/dvc.yaml:train@bn_maxpool-2"} <= set(stages)
    assert "experiments/dvc.yaml:train@bn_maxpool-1" not in stages


def test_weights_of_an_encoder_concern_the_variants_that_have_it(
    study: tuple[Project, str, str], tmp_path: Path
) -> None:
    project = study[0].copy(tmp_path / "project")
    training = "experiments/dvc.yaml:train_alone@vgg16_repeat-1"
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"weights")
    project.update_params(
        {
            "study": {"without_embedding": {"vgg16_repeat": "vgg16", "vgg19_unet": "vgg19"}},
            "encoders": {"vgg19": str(weights)},
        }
    )
    project.succeed("dvc", "repro", "check")
    assert training not in project.read_json("dvc", "status")
    found = {
        name: Pretrained.read(project.root / f"data/inputs/encoders/{name}.json")
        for name in ("vgg16_repeat", "vgg19_unet")
    }
    assert found["vgg16_repeat"] == Pretrained(network="vgg16", weights="random")
    assert found["vgg19_unet"].weights == hashlib.sha256(b"weights").hexdigest()
    project.update_params({"encoders": {"vgg16": str(weights)}})
    project.succeed("dvc", "repro", "check")
    assert training in project.read_json("dvc", "status")


TRAINED = ("baseline-1", "bn_maxpool-1", "bn_maxpool_one_in_2-1")
ALONE = "vgg16_repeat-1"
OF_BINS = "train_bins@mobilenet_unet-1"
TRAININGS = {f"train@{name}" for name in TRAINED} | {f"train_alone@{ALONE}", OF_BINS}
EVALUATIONS = {stage.replace("train", "evaluate", 1) for stage in TRAININGS}
PAGES = {"package", "report", "compare"}


@pytest.fixture(scope="module")
def made(study: tuple[Project, str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the repository in which everything is made: tests change it, and change it back."""
    return study[0].copy(tmp_path_factory.mktemp("made") / "project")


def concerned(project: Project) -> set[str]:
    """The stages, by their short names, that DVC would run again; `check` aside."""
    names = {
        name.removeprefix("experiments/dvc.yaml:") for name in project.read_json("dvc", "status")
    }
    return names - {"check"}


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({"split": {"seed": 2}}, {"split"}),
        ({"preprocess": {"image_size": 64}}, {"preprocess"}),
        ({"embed": {"seed": 2}}, {"embed", "embedder"}),
        ({"train": {"flip": False}}, TRAININGS - {OF_BINS}),
        ({"colour_bins": {"flip": False}}, {OF_BINS}),
        ({"evaluate": {"sample_images": 2}}, EVALUATIONS),
        # The floors look for the small parts of the scenes.
        ({"download": {"scenes": {"seed": 2}}}, {"download", "floors"}),
    ],
    ids=["split", "preprocess", "embed", "train", "colour_bins", "evaluate", "download"],
)
def test_a_changed_parameter_concerns_its_stage_and_the_pages_that_print_it(
    made: Project, changes: dict, stages: set[str]
) -> None:
    with restored(made.root / "params.yaml"):
        made.update_params(changes)
        assert concerned(made) == stages | {"report", "compare"}


def test_what_dvc_says_is_up_to_date_is_published(
    study: tuple[Project, str, str], tmp_path: Path
) -> None:
    project = study[0].copy(tmp_path / "study")
    tool = (sys.executable, str(ROOT / "tools" / "publish.py"), "studies/tiny")
    told = project.succeed(*tool).splitlines()[-1].removeprefix("published in studies/tiny: ")
    trained = {path.name for path in (project.root / "models").iterdir()} - {"chosen"}
    assert set(told.split(", ")) == trained
    page = project.root / "studies" / "tiny" / "study.md"
    before = page.read_bytes()
    page.unlink()
    project.succeed(*tool, "--page-only")
    assert page.read_bytes() == before
    assert "nothing new" in project.succeed(*tool)
    project.update_params({"train": {"epochs": 3}})
    assert "a study has one of them" in project.run(*tool).stdout


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("sources/scenes.py", {"download", "floors"}),
        ("embedding/imagenet.py", {"embed", "embedder"}),
        ("training/fitting.py", TRAININGS),
        ("networks/blocks.py", TRAININGS | EVALUATIONS | {"package"}),
        ("variants/baseline.py", {"train@baseline-1"}),
        ("settings/train.py", TRAININGS | PAGES),
        ("settings/model.py", PAGES),
        ("scoring/metrics.py", {"floors"} | EVALUATIONS | PAGES),  # a new metric
        ("pages/report.py", PAGES),
        ("pages/templates/report.md.j2", PAGES),
        ("study/claims.py", {"compare"}),
        ("colorizing/command.py", set()),
        ("packaging/package.py", {"package"}),
        ("packaging/to_onnx.py", {"embedder", "package"}),
        ("core/progress.py", set()),
        ("core/files.py", set()),
        ("__init__.py", set()),
    ],
)
def test_an_edit_costs_what_it_touches_and_nothing_else(
    made: Project, file: str, stages: set[str]
) -> None:
    path = made.root / "src/colorization" / file
    with restored(path):
        path.write_text(path.read_text() + "\n# A remark.\n")
        assert concerned(made) == stages


def test_a_new_variant_costs_its_own_training_and_evaluation_and_the_pages(made: Project) -> None:
    folder = made.root / "src/colorization/variants"
    params = yaml.safe_load((made.root / "params.yaml").read_text())
    with restored(made.root / "params.yaml"):
        shutil.copyfile(folder / "bn_maxpool.py", folder / "ninth.py")
        variants = [*params["study"]["with_embedding"], "ninth"]
        made.update_params({"study": {"with_embedding": variants}})
        assert concerned(made) == {"train@ninth-1", "evaluate@ninth-1", "report", "compare"}
        (folder / "ninth.py").unlink()


@contextlib.contextmanager
def restored(path: Path) -> Iterator[None]:
    """Give a file its content back."""
    before = path.read_bytes()
    try:
        yield
    finally:
        path.write_bytes(before)


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
            "encoders": {"vgg16": "weights/vgg16.h5"},
            "model": {"variant": "vgg16_repeat"},
        }
    )
    project.commit()
    pack(tmp_path / "photos.zip", {"a.jpg": b"x"})
    (project.root / "weights").mkdir()  # git does not know it, so the copy lacks it
    for name in ("embedding.h5", "vgg16.h5"):
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
        for folder in ("results", "data/inputs")
        for path in (project.root / folder).rglob("*.*")
    }
    assert len(before) > 6
    failed = project.run("dvc", "exp", "run", "-S", "model.variant=typo")

    assert failed.returncode != 0
    assert (
        "check: params.yaml: model.variant must be one of the study's (baseline, bn_maxpool, "
        "bn_maxpool_one_in_2, vgg16_repeat, mobilenet_unet); found 'typo'"
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
    project: Project, section: str, key: str, value: object, words_of_dvc: str, line: str
) -> None:
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
    "embed": "data/.embeddings.*.partial",
    "train": "models/.bn_maxpool-1.*.partial",
    "evaluate": "data/evaluations/.bn_maxpool-1.*.partial",
}
# A kill while a stage writes, and how long after it began, in seconds.
KILLS = [(stage, victim, 0.3) for stage in PARTIAL for victim in ("everything", "dvc alone")]
KILLS += [("train", victim, wait) for victim in ("everything", "dvc alone") for wait in (2, 4, 6)]
IN_EVERY_TEST_RUN = [("train", "everything", 4), ("embed", "dvc alone", 0.3)]


@pytest.mark.parametrize(
    ("stage", "victim", "wait"),
    [
        pytest.param(*kill, marks=[] if kill in IN_EVERY_TEST_RUN else pytest.mark.soak)
        for kill in KILLS
    ],
)
def test_after_a_kill_the_same_command_finishes_the_work(
    project: Project, stage: str, victim: str, wait: float
) -> None:
    undisturbed = project.locked_outputs()
    of_experiments = stage in ("train", "evaluate")
    (project.root / ("experiments/dvc.lock" if of_experiments else "dvc.lock")).unlink()
    (project.root / ".dvc/cache/runs").rename(project.root / ".dvc/cache/no-runs")

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = project.start("dvc", "repro", start_new_session=True, **quiet)
    while not list(project.root.glob(PARTIAL[stage])):
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
    project.update_params({"model": {"variant": "baseline"}, "train": {"epochs": 300}})
    project.succeed("dvc", "repro", "embed")
    project.commit()
    undisturbed = project.copy(project.root.with_name("undisturbed"))
    undisturbed.succeed("dvc", "repro")
    trained = Run.read(undisturbed.root / "data/runs/train/baseline-1.json")
    assert trained.images_per_second
    images = len(json.loads((undisturbed.root / "data/lab/train/names.json").read_text()))
    epochs = 300 * images / trained.images_per_second
    # Up to a tenth of the epochs, but less than half of that on average, since a start takes time.
    latest = trained.seconds - epochs + epochs / 10

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
        time.sleep(rng.uniform(0, latest))
        assert "> python stages/evaluate.py" not in printed.read_text()
        assert started.poll() is None
        if kills % 2:
            os.killpg(started.pid, signal.SIGKILL)
        else:
            kill_trainer(started.pid)
        started.wait()
        kills += 1
        went_on += "going on after epoch" in printed.read_text()
    assert went_on >= 5
    project.succeed("dvc", "repro")
    assert project.locked_outputs() == undisturbed.locked_outputs()
    assert not list((project.root / ".dvc/tmp/training").iterdir())


def kill_trainer(dvc: int) -> None:
    for process in psutil.Process(dvc).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "stages/train.py" in process.cmdline():
                process.kill()


@pytest.mark.parametrize(
    "interrupt", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)]
)
def test_an_interrupted_training_ends_at_once_and_goes_on(
    project: Project, interrupt: signal.Signals
) -> None:
    project.update_params({"train": {"epochs": 5}})
    lock = yaml.safe_load((project.root / "experiments/dvc.lock").read_text())
    command = shlex.split(lock["stages"]["train@bn_maxpool-1"]["cmd"])
    out = command.index("--out") + 1
    project.succeed(*command[:out], "models/whole", *command[out + 1 :])
    command[out] = "models/again"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = project.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    while not list((project.root / ".dvc/tmp/training/again").glob("*/epoch-*")):
        assert started.poll() is None
        time.sleep(0.02)
    asked = time.monotonic()
    started.send_signal(interrupt)
    _, errors = started.communicate(timeout=60)
    assert time.monotonic() - asked < 15
    assert started.returncode == 1
    assert errors.splitlines()[-1] == "train: interrupted; the same command finishes the work"
    assert not (project.root / "models/again").exists()
    assert not list(project.root.glob("models/.again*"))

    assert "going on after epoch " in project.succeed(*command)
    whole, again = (project.root / "models" / name for name in ("whole", "again"))
    assert {path.relative_to(whole): path.read_bytes() for path in whole.rglob("*.*")} == {
        path.relative_to(again): path.read_bytes() for path in again.rglob("*.*")
    }


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
    assert project.read_json("dvc", "status", "--with-deps", "report").keys() <= {"check"}


def clone_from_a_filled_remote(project: Project, folder: Path) -> Project:
    """Another clone, after push and pull through a remote."""
    project.succeed("dvc", "remote", "add", "--default", "storage", str(folder / "remote"))
    project.commit()
    project.succeed("dvc", "push", "--run-cache")
    project.succeed("git", "clone", "--quiet", str(project.root), str(folder / "clone"))
    clone = Project(folder / "clone")
    clone.succeed("dvc", "pull", "--run-cache", "--allow-missing")
    return clone


def test_with_a_filled_remote_another_clone_computes_nothing(
    project: Project, tmp_path: Path
) -> None:
    clone = clone_from_a_filled_remote(project, tmp_path)
    assert stages_run(clone.succeed("dvc", "repro")) == []
    assert clone.locked_outputs() == project.locked_outputs()
    model = "models/bn_maxpool-1/model.weights.h5"
    assert (clone.root / model).read_bytes() == (project.root / model).read_bytes()
    clone.succeed("dvc", "repro", "--force", "--single-item", "report")
    page = (clone.root / "results/report.html").read_text()
    assert "not known here: the model was taken from a cache or a remote" in page
    assert clone.succeed("git", "status", "--porcelain", "--untracked-files=all") == ""


def test_the_report_names_its_commit_and_whether_the_sources_were_changed(
    project: Project,
) -> None:
    commit = project.succeed("git", "rev-parse", "--short=12", "HEAD").strip()
    page = project.root / "results/report.html"

    project.succeed("dvc", "repro", "--single-item", "--force", "report")
    assert f"commit</th><td>{commit}</td>" in page.read_text()

    project.update_params({"evaluate": {"sample_images": 2}})
    project.succeed("dvc", "repro", "--single-item", "--force", "report")
    assert f"commit</th><td>{commit} with uncommitted changes</td>" in page.read_text()
