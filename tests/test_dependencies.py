"""What dvc.yaml says of each stage, against what the stage's code says."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from first_party import ROOT, imported_files

PARTS = ("src/", "stages/")
STAGES = {
    name: stage
    for file in ("dvc.yaml", "experiments/dvc.yaml")
    for name, stage in yaml.safe_load((ROOT / file).read_text())["stages"].items()
}
# `check` always runs, so it needs no dependencies.
WITH_DEPENDENCIES = [name for name in STAGES if name != "check"]
WITHOUT_TENSORFLOW = ("check", "download", "split", "preprocess", "report", "compare")


def script(name: str) -> str:
    """The script that a stage calls."""
    python, path, *_ = STAGES[name]["cmd"].split()
    assert python == "python"
    return path


@pytest.mark.parametrize("name", WITH_DEPENDENCIES)
def test_a_stage_depends_on_exactly_the_modules_it_imports(name: str) -> None:
    declared = {path for path in STAGES[name]["deps"] if path.startswith(PARTS)}
    imported = imported_files(ROOT / script(name))
    read = {"src/colorization/templates"} if "src/colorization/pages.py" in imported else set()
    assert declared == imported | read


def test_every_script_in_stages_is_a_stage() -> None:
    scripts = {f"stages/{path.name}" for path in (ROOT / "stages").glob("[!_]*.py")}
    assert scripts == {script(name) for name in STAGES}


def test_variants_with_an_encoder_of_their_own_do_not_wait_for_the_embeddings() -> None:
    for name in ("train_vgg", "evaluate_vgg"):
        assert not any("embed" in path for path in STAGES[name]["deps"])
        assert "embeddings" not in STAGES[name]["cmd"]


def test_a_new_metric_trains_nothing_anew() -> None:
    for name in ("train", "train_vgg", "train_thinned"):
        assert not {"evaluation.py", "scores.py"} & {Path(dep).name for dep in STAGES[name]["deps"]}


@pytest.mark.parametrize("name", WITHOUT_TENSORFLOW)
def test_a_stage_that_computes_no_network_does_not_import_tensorflow(name: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, 'stages'); import {name}; "
        "sys.exit(sorted({'tensorflow', 'keras'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_imports_are_followed_through_packages(tmp_path: Path) -> None:
    files = imported_files(ROOT / "stages" / "train.py")
    assert {
        "stages/_stage.py",
        "src/colorization/models/__init__.py",
        "src/colorization/models/blocks.py",
        "src/colorization/lab.py",
    } <= files
    assert "src/colorization/scenes.py" not in files
