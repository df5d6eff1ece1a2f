"""Colorizing needs few packages: those that are installed without extras."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from packaged import with_vividness
from samples import ROOT, encoded, scene

COMMAND = """
import sys
before = set(sys.modules)
from colorization.colorizing.command import main
assert main(sys.argv[1:]) == 0
print(*{name.split(".")[0] for name in set(sys.modules) - before})
"""
API = """
import sys
before = set(sys.modules)
import colorization
colorize = colorization.load(sys.argv[1])
colorize(sys.argv[2]).save(sys.argv[3])
print(*{name.split(".")[0] for name in set(sys.modules) - before})
"""


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def needed() -> set[str]:
    """The distributions that this one brings without extras, and those that they bring."""
    names = ["colorization-pipeline"]
    for name in names:  # which grows
        for requirement in map(Requirement, metadata.requires(name) or ()):
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and canonical(requirement.name) not in names:
                names.append(canonical(requirement.name))
    return set(names)


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
def test_colorizing_imports_only_what_is_installed_without_extras_and_prints_nothing(
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
    allowed, installed = needed(), metadata.packages_distributions()
    distributions = {
        module: set(map(canonical, installed[module]))
        for module in modules.split()
        if module in installed
    }
    assert {"onnxruntime", "PIL", "pydantic"} < set(distributions)
    assert {module for module, names in distributions.items() if not names & allowed} == set()
    # ONNX Runtime's telemetry would leave the name of its session, and of the machine.
    for name in ("home", "temporary"):
        assert list((tmp_path / name).rglob("*")) == []
