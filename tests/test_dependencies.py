"""What dvc.yaml says of each stage, against what the stage's code imports.

Stages depend on rooms of src/colorization, and on single files where a run takes hours. `core` and
stages/_stage.py change no result, and the rooms' own __init__.py hold nothing but a docstring: they
are dependencies of none.
"""

import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pytest
import yaml

from first_party import ROOT, imported_files

CODE = ("src/", "stages/")
EXEMPT = ("src/colorization/core/*", "src/colorization/__init__.py", "stages/_stage.py")
STAGES = {
    name: stage
    for file in ("dvc.yaml", "experiments/dvc.yaml")
    for name, stage in yaml.safe_load((ROOT / file).read_text())["stages"].items()
}
VARIANT = "src/colorization/variants/${item.variant}.py"
# `check` always runs, so it needs no dependencies.
WITH_DEPENDENCIES = [name for name in STAGES if name != "check"]
WITHOUT_TENSORFLOW = (
    "check",
    "download",
    "split",
    "preprocess",
    "colors",
    "trivial",
    "report",
    "compare",
)
TRAININGS = {"train", "train_alone", "train_bins", "train_control"}
EVALUATIONS = {"evaluate", "evaluate_alone", "evaluate_bins", "evaluate_control"}
SEEING_EMBEDDINGS = {"train", "train_control", "evaluate", "evaluate_control"}
PAGES = {"package", "report", "compare"}


def script(name: str) -> str:
    """The script that a stage calls."""
    python, path, *_ = STAGES[name]["cmd"].split()
    assert python == "python"
    return path


def declared(name: str) -> set[str]:
    """The files and rooms that a stage says it depends on."""
    return {path for path in STAGES[name]["deps"] if path.startswith(CODE)}


def parameters(name: str) -> set[str]:
    """The parameters, or sections of them, that a stage says it depends on."""
    return set(STAGES[name].get("params", ()))


def counted(files: set[str]) -> set[str]:
    """Those of some files that may change a result."""
    return {
        file
        for file in files
        if not any(fnmatch(file, pattern) for pattern in EXEMPT)
        and (not file.endswith("/__init__.py") or "variants" in file)
    }


def covers(path: str, file: str) -> bool:
    """Whether a dependency is a file, or a room that holds it."""
    return file == path or file.startswith(f"{path}/")


def depending_on(file: str) -> set[str]:
    """The stages that run again when a file changes."""
    variant = fnmatch(file, "src/colorization/variants/[!_]*.py")
    return {
        name
        for name in WITH_DEPENDENCIES
        if any(covers(path, VARIANT if variant else file) for path in declared(name))
    }


@pytest.mark.parametrize("name", WITH_DEPENDENCIES)
def test_what_a_stage_imports_lies_in_what_it_declares(name: str) -> None:
    imported = counted(imported_files(ROOT / script(name)))
    missing = {file for file in imported if not any(covers(path, file) for path in declared(name))}
    assert not missing


@pytest.mark.parametrize("name", WITH_DEPENDENCIES)
def test_what_a_stage_declares_holds_something_that_it_imports(name: str) -> None:
    imported = imported_files(ROOT / script(name))
    idle = {path for path in declared(name) if not any(covers(path, file) for file in imported)}
    assert idle == ({VARIANT} if name in TRAININGS else set())


def test_every_script_in_stages_is_a_stage() -> None:
    scripts = {f"stages/{path.name}" for path in (ROOT / "stages").glob("[!_]*.py")}
    assert scripts == {script(name) for name in STAGES}


@pytest.mark.parametrize("name", sorted((TRAININGS | EVALUATIONS) - SEEING_EMBEDDINGS))
def test_variants_without_embedding_do_not_wait_for_the_embeddings(name: str) -> None:
    assert not any("embed" in path for path in STAGES[name]["deps"])
    assert "embeddings" not in STAGES[name]["cmd"]


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("sources/scenes.py", {"download", "trivial"}),  # trivial look for the scenes' small parts
        ("embedding/imagenet.py", {"embed", "embed_control", "embedder"}),
        ("training/fitting.py", TRAININGS),
        ("networks/blocks.py", {*TRAININGS, *EVALUATIONS, "package"}),
        # Each instance of a training stage has one of these files among its dependencies.
        ("architectures/bn_maxpool.py", TRAININGS),
        ("scoring/metrics.py", {"trivial", *EVALUATIONS, *PAGES}),  # a new metric
        ("study/claims.py", {"compare"}),
        ("colorizing/command.py", set()),
        ("packaging/package.py", {"package"}),
        ("backbones/to_onnx.py", {"embedder", "package"}),
        ("__init__.py", set()),
    ],
)
def test_an_edit_costs_what_it_touches_and_nothing_else(file: str, stages: set[str]) -> None:
    assert (ROOT / "src/colorization" / file).exists()
    assert depending_on(f"src/colorization/{file}") == stages


@pytest.mark.parametrize(
    ("section", "stages"),
    [
        ("download", {"download", "trivial", "package"}),
        ("split", {"split"}),
        ("preprocess", {"preprocess"}),
        ("embed", {"embed", "embed_control", "embedder"}),
        ("encoders", set()),  # a training depends on what `check` tells of its own encoder
        ("model", set()),
        ("study", {"embed_control"}),
        ("train", TRAININGS - {"train_bins"}),
        ("classification", {"train_bins"}),
        ("evaluate", EVALUATIONS),
    ],
)
def test_a_parameter_concerns_its_stage_and_the_pages_that_print_it(
    section: str, stages: set[str]
) -> None:
    reading = {
        name
        for name in WITH_DEPENDENCIES
        if section in {parameter.partition(".")[0] for parameter in parameters(name)}
    }
    assert reading == stages | {"report", "compare"}


def test_a_training_depends_on_the_weights_of_its_own_encoder_alone() -> None:
    weights = {
        name: {path for path in STAGES[name]["deps"] if path.startswith("data/inputs/encoders")}
        for name in WITH_DEPENDENCIES
    }
    own = {"data/inputs/encoders/${item.variant}.json"}
    assert {name: paths for name, paths in weights.items() if paths} == {
        "train_alone": own,
        "train_bins": own,
    }


def of_room(room: str) -> list[str]:
    """The files of a room, relative to the root."""
    folder = ROOT / "src" / "colorization" / room
    return sorted(path.relative_to(ROOT).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "file", [file for room in ("pages", "study") for file in of_room(room) if "pyc" not in file]
)
def test_an_edit_of_a_page_or_a_claim_concerns_pages(file: str) -> None:
    assert depending_on(file) <= PAGES


@pytest.mark.parametrize("file", [file for file in of_room("colorizing") if "pyc" not in file])
def test_an_edit_of_what_colorizes_concerns_at_most_what_it_loads(file: str) -> None:
    assert depending_on(file) <= {"embedder", "package"}


@pytest.mark.parametrize("file", [file for file in of_room("packaging") if "pyc" not in file])
def test_an_edit_of_what_packages_concerns_packages_alone(file: str) -> None:
    assert depending_on(file) <= {"embedder", "package"}


@pytest.mark.parametrize(
    "file", [*(file for file in of_room("core") if "pyc" not in file), "stages/_stage.py"]
)
def test_an_edit_of_the_plumbing_concerns_nothing(file: str) -> None:
    assert not depending_on(file)


@pytest.mark.parametrize(
    ("section", "stages"),
    [
        ("download", {"download", "trivial"}),
        ("split", {"split"}),
        ("preprocess", {"preprocess"}),
        ("embed", {"embed", "embed_control", "embedder"}),
        ("encoders", TRAININGS),
        ("model", set()),
        ("study", {"embed_control"}),
        ("train", TRAININGS),
        ("classification", TRAININGS),  # whose code knows both
        ("evaluate", EVALUATIONS),
        ("whole", set()),
    ],
)
def test_the_schema_of_a_section_concerns_the_stages_that_read_it(
    section: str, stages: set[str]
) -> None:
    assert depending_on(f"src/colorization/settings/{section}.py") - PAGES == stages


def test_only_a_change_of_the_sources_brings_the_photographs_anew() -> None:
    allowed = (
        "src/colorization/sources/",
        "src/colorization/settings/download.py",
        "stages/download",
    )
    assert all(path.startswith(allowed) for path in declared("download"))


def test_nothing_that_differs_from_run_to_run_is_an_output() -> None:
    for stage in STAGES.values():
        outputs = [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]
        paths = [path if isinstance(path, str) else next(iter(path)) for path in outputs]
        assert not any("runs" in path or path.endswith(".html") for path in paths)


def test_plots_are_of_columns_that_are_there() -> None:
    for stage in STAGES.values():
        for plot in stage.get("plots", []):
            for path, told in plot.items() if isinstance(plot, dict) else ():
                if path.endswith(".csv") and (ROOT / path).exists():
                    columns = set(pd.read_csv(ROOT / path, nrows=0).columns)
                    assert {told[axis] for axis in ("x", "y") if axis in told} <= columns


def test_stages_that_compute_no_network_do_not_import_tensorflow() -> None:
    program = f"""
import importlib, sys
sys.path.insert(0, "stages")
for name in {WITHOUT_TENSORFLOW}:
    importlib.import_module(name)
    if {{"tensorflow", "keras"}} & set(sys.modules):
        sys.exit(name)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_imports_are_followed_through_packages(tmp_path: Path) -> None:
    files = imported_files(ROOT / "stages" / "train.py")
    assert {
        "stages/_stage.py",
        "src/colorization/networks/__init__.py",
        "src/colorization/networks/blocks.py",
        "src/colorization/color/lab.py",
    } <= files
    assert "src/colorization/sources/scenes.py" not in files
