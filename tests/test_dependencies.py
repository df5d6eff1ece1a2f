"""What dvc.yaml says of each stage, against what the stage's code imports.

A stage depends on its script and on folders of src/colorization, or on all that a variant's own
instance of `inputs` depends on. `core`, stages/_stage.py and stages/_paths.py change no result: no
stage depends on them.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from colorization.core.settings import Params
from first_party import ROOT, imported_files

SOURCES = "src/colorization/"
STAGES = {}
for file in ("dvc.yaml", "experiments/dvc.yaml"):
    for name, stage in yaml.safe_load((ROOT / file).read_text())["stages"].items():
        STAGES[name] = stage["do"] if "foreach" in stage else stage
CHECK = "check"  # always runs, so it needs no dependencies
WITH_DEPENDENCIES = [name for name in STAGES if name != CHECK]
FOLDERS = sorted(
    path.name for path in (ROOT / SOURCES).iterdir() if (path / "__init__.py").exists()
)
NEUTRAL = {"core", "__init__.py"}  # change no result
WITHOUT_TENSORFLOW = {
    CHECK,
    "download",
    "split",
    "preprocess",
    "colors",
    "labels",
    "trivial",
    "inputs",
    "report",
    "compare",
}
PAGES = {"package", "report", "compare"}
# Of each parameter section, the stages that read it, apart from the pages that print all of them.
READERS = {
    # The drawn scenes' regions are known. Of labels alone, only `labels` depends.
    "download": {"download", "labels", "trivial", "package"},
    "split": {"split"},
    "preprocess": {"preprocess"},
    "embed": {"embed", "embed_control", "embedder"},
    "encoders": set(),  # an instance of `inputs` depends on the identity of its own encoder
    "model": set(),
    "variants": {"inputs"},
    "study": set(),
    "train": {"train"},
    "evaluate": {"evaluate"},
}


def script(name: str) -> str:
    """The script that a stage runs."""
    python, path, *_ = STAGES[name]["cmd"].split()
    assert python == "python"
    return path


def declared(name: str) -> set[str]:
    """The dependencies that a stage declares, with its variables."""
    return {path.replace("${src}", "src/colorization") for path in STAGES[name].get("deps", ())}


def outputs_of(stage: dict[str, Any]) -> list[str]:
    """The paths of a stage's outputs, metrics and plots."""
    outputs = [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]
    return [path if isinstance(path, str) else next(iter(path)) for path in outputs]


def folders(name: str) -> set[str]:
    """The folders of src/colorization that a stage declares."""
    return {path.removeprefix(SOURCES) for path in declared(name) if path.startswith(SOURCES)}


def parameters(name: str) -> set[str]:
    """The parameters that a stage declares."""
    return set(STAGES[name].get("params", ()))


def imported_folders(name: str) -> set[str]:
    """The folders of src/colorization that a stage's code imports from, or that hold it."""
    files = imported_files(ROOT / script(name))
    inside = {file.removeprefix(SOURCES) for file in files if file.startswith(SOURCES)}
    # A folder's __init__.py holds nothing but a docstring.
    modules = {file for file in inside if "/" not in file or not file.endswith("/__init__.py")}
    return {file.split("/")[0] for file in modules}


@pytest.mark.parametrize("name", WITH_DEPENDENCIES)
def test_a_stage_declares_its_script_and_the_folders_that_it_imports_from(name: str) -> None:
    assert script(name) in declared(name)
    assert folders(name) - {"architectures/${item.network}.py"} == imported_folders(name) - NEUTRAL


def test_only_the_inputs_of_a_variant_depend_on_the_source_of_its_network() -> None:
    source = "architectures/${item.network}.py"
    assert [name for name in STAGES if source in folders(name)] == ["inputs"]
    lines = Params.load(ROOT / "params.yaml").variants.values()
    assert all((ROOT / SOURCES / f"architectures/{line.network}.py").exists() for line in lines)


def test_trainings_depend_on_a_variants_embeddings_and_encoder_only_through_its_inputs() -> None:
    for name in ("train", "evaluate"):
        data = {path for path in declared(name) if path.startswith("data/")}
        assert "data/inputs/${item.variant}" in data
        assert not any("embeddings" in path or "weights" in path for path in data)
    assert {"data/embeddings/${item.embedding}", "data/weights/${item.encoder}.json"} <= declared(
        "inputs"
    )


def test_every_script_in_stages_is_a_stage() -> None:
    scripts = {f"stages/{path.name}" for path in (ROOT / "stages").glob("[!_]*.py")}
    assert scripts == {script(name) for name in STAGES}


def test_every_folder_but_those_that_change_no_result_is_a_dependency() -> None:
    used = {path.split("/")[0] for name in WITH_DEPENDENCIES for path in folders(name)}
    assert set(FOLDERS) - used == {"core", "colorizing", "releasing"}


@pytest.mark.parametrize("section", Params.model_fields)
def test_a_parameter_concerns_its_stages_and_the_pages_that_print_it(section: str) -> None:
    readers = {
        name
        for name in WITH_DEPENDENCIES
        if section in {parameter.partition(".")[0] for parameter in parameters(name)}
    }
    assert readers == READERS[section] | {"report", "compare"}


@pytest.mark.parametrize("name", WITH_DEPENDENCIES)
def test_a_stage_declares_the_sections_that_it_loads(name: str) -> None:
    loaded = set(re.findall(r"\b([A-Z]\w+)\.load\(PARAMS\)", (ROOT / script(name)).read_text()))
    sections = {section.lower() for section in loaded - {"Params"}}
    sections -= {"encoders"}  # `train` asks it where weights are that `inputs` has identified
    assert sections <= {parameter.partition(".")[0] for parameter in parameters(name)}


def test_another_metric_downloads_and_trains_nothing() -> None:
    readers = {name for name in WITH_DEPENDENCIES if "scoring" in folders(name)}
    assert readers == {"trivial", "evaluate", "report", "package", "compare"}


def test_other_labels_embed_and_train_nothing() -> None:
    readers = {
        name
        for name in WITH_DEPENDENCIES
        if {"download", "download.labels"} & set(parameters(name))
        or declared(name) & {"data/labels.csv", "data/label_colors.csv", "data/labels.txt"}
    }
    assert readers == {"labels", "evaluate", "report", "compare"}


def test_a_command_is_one_line_with_a_script_and_its_arguments() -> None:
    for stage in STAGES.values():
        assert re.fullmatch(r"python stages/\w+\.py( \$\{[\w.\[\]]+\})*", stage["cmd"])


def test_nothing_that_differs_from_run_to_run_is_an_output() -> None:
    for stage in STAGES.values():
        assert not any("runs" in path or path.endswith(".html") for path in outputs_of(stage))


def test_plots_are_of_existing_columns() -> None:
    for stage in STAGES.values():
        for plot in stage.get("plots", []):
            for path, options in plot.items() if isinstance(plot, dict) else ():
                if path.endswith(".csv") and (ROOT / path).exists():
                    columns = set(pd.read_csv(ROOT / path, nrows=0).columns)
                    assert {options[axis] for axis in ("x", "y") if axis in options} <= columns


def test_the_plots_of_the_pipeline_are_of_columns_of_its_outputs() -> None:
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    assert plots
    outputs = {path for stage in STAGES.values() for path in outputs_of(stage)}
    for plot in plots:
        for options in plot.values():
            for path, columns in options["y"].items():
                assert path in outputs
                assert {options["x"], *columns} <= set(pd.read_csv(ROOT / path, nrows=0).columns)


def test_stages_that_compute_no_network_do_not_import_tensorflow() -> None:
    program = f"""
import importlib, sys
sys.path.insert(0, "stages")
for name in {sorted(WITHOUT_TENSORFLOW)}:
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
