"""Colorizing needs few packages: none of the pipeline's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from packaged import with_vividness
from samples import ROOT, encoded, scene

HEAVY = {
    "dvc",
    "dvclive",
    "h5py",
    "jinja2",
    "keras",
    "matplotlib",
    "pandas",
    "scipy",
    "skimage",
    "tensorflow",
}

COMMAND = """
import sys
from colorization.colorizing.command import main
assert main(sys.argv[1:]) == 0
print(*{name.split(".")[0] for name in sys.modules})
"""
API = """
import sys
import colorization
colorize = colorization.load(sys.argv[1])
colorize(sys.argv[2]).save(sys.argv[3])
print(*{name.split(".")[0] for name in sys.modules})
"""


def alone(folder: Path) -> dict[str, str]:
    """An environment in which whatever a program writes beside its results is seen."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    for name in ("home", "temporary"):
        (folder / name).mkdir()
    return quiet | {"HOME": str(folder / "home"), "TMPDIR": str(folder / "temporary")}


@pytest.fixture(scope="module")
def package() -> Path:
    return with_vividness()


@pytest.mark.parametrize("interface", ["command", "API"])
def test_colorizing_imports_nothing_of_the_pipeline_and_prints_nothing(
    package: Path, tmp_path: Path, interface: str
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(scene(1)))
    arguments = (
        [COMMAND, str(photo), "--model", str(package), "--output", str(tmp_path), "--quiet"]
        if interface == "command"
        else [API, str(package), str(photo), str(tmp_path / "out.png")]
    )
    if interface == "command":
        arguments += ["--format", "jpg"]
    process = subprocess.run(
        [sys.executable, "-c", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=alone(tmp_path),
    )
    assert process.stderr == ""
    (modules,) = process.stdout.splitlines()
    assert not HEAVY & set(modules.split())
    assert "onnxruntime" in modules
    # ONNX Runtime's telemetry would leave the name of its session, and of the machine.
    for name in ("home", "temporary"):
        assert list((tmp_path / name).rglob("*")) == []
