"""Paths of params.yaml, in the project and in DVC's copies of it."""

from pathlib import Path

import pytest

from colorization.backbones.weights import weights_file
from colorization.core.workspace import local_path
from colorization.sources.fetching import local_source
from samples import pack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project" / "weights").mkdir(parents=True)
    (tmp_path / "project" / "weights" / "vgg16.h5").touch()
    pack(tmp_path / "photos.zip", {"a.jpg": b"x"})
    return tmp_path / "project"


def copy_of(project: Path) -> Path:
    """The folder of a DVC experiment, without untracked files."""
    copy = project / ".dvc" / "tmp" / "exps" / "standalone" / "tmp1234"
    copy.mkdir(parents=True)
    return copy


def test_a_relative_path_is_relative_to_the_current_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert local_path("weights/vgg16.h5") == Path("weights/vgg16.h5")
    monkeypatch.setenv("DVC_ROOT", str(project))  # as in `dvc repro`
    assert local_path("weights/vgg16.h5") == Path("weights/vgg16.h5")
    assert local_path("~/vgg16.h5") == Path.home() / "vgg16.h5"
    assert local_path("~nobody_here/vgg16.h5") == Path("~nobody_here/vgg16.h5")


def test_in_a_copy_of_the_project_it_is_relative_to_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy_of(project))
    monkeypatch.setenv("DVC_ROOT", str(project))
    assert local_source("../photos.zip").samefile(project.parent / "photos.zip")
    actual = weights_file("weights/vgg16.h5", "encoders.vgg16")
    assert actual.samefile(project / "weights" / "vgg16.h5")
    absolute = str(project / "weights" / "vgg16.h5")
    assert local_path(absolute) == Path(absolute)
    assert local_path("~/vgg16.h5") == Path.home() / "vgg16.h5"


def test_copies_are_recognized_in_a_project_behind_a_link(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = project.with_name("link")
    link.symlink_to(project)
    monkeypatch.chdir(copy_of(project))
    monkeypatch.setenv("DVC_ROOT", str(link))
    assert local_path("weights/vgg16.h5").samefile(project / "weights" / "vgg16.h5")


def test_the_project_of_another_dvc_run_is_ignored(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)  # as in a stage that runs DVC in a clone
    monkeypatch.setenv("DVC_ROOT", str(project))
    assert local_path("weights/vgg16.h5") == Path("weights/vgg16.h5")
