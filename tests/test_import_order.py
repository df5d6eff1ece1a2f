"""The architecture: folders in an order, each importing only from those before it."""

import ast
import itertools
from pathlib import Path

import pytest

from first_party import ROOT, imported_by

PACKAGE = ROOT / "src" / "colorization"
# From the ground up.
FOLDERS = (
    "core",
    "color",
    "sources",
    "labels",
    "dataset",
    "photos",
    "backbones",
    "embedding",
    "networks",
    "architectures",
    "training",
    "scoring",
    "pages",
    "study",
    "packaging",
    "colorizing",
    "releasing",
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def folder(file: Path) -> str:
    """The folder that a module is in."""
    return file.relative_to(PACKAGE).parts[0]


def identify(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def test_every_module_is_in_a_folder() -> None:
    outside = [module.name for module in PACKAGE.glob("*.py")]
    assert outside == ["__init__.py"]
    assert {folder(module) for module in MODULES if module.parent != PACKAGE} == set(FOLDERS)


@pytest.mark.parametrize("module", MODULES[1:], ids=identify)
def test_a_folder_imports_only_from_those_before_it(module: Path) -> None:
    allowed = {*FOLDERS[: FOLDERS.index(folder(module)) + 1], "__init__.py"}
    assert {folder(file) for file in imported_by(module, with_types=True)} <= allowed


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_has_a_docstring_and_nothing_else_in_its_init(name: str) -> None:
    tree = ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8"))
    assert len(ast.get_docstring(tree) or "") > 50
    assert len(tree.body) == 1


@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "architectures"])
def test_no_module_has_a_name_that_a_sibling_nearly_has(name: str) -> None:
    stems = [module.stem for module in (PACKAGE / name).glob("[!_]*.py")]
    for one, other in itertools.permutations(stems, 2):
        assert other not in (f"{one}s", f"{one}es", f"{one}r", f"{one}ing")
