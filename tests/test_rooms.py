"""The architecture: rooms in an order, each importing only from those before it."""

import ast
import itertools
from pathlib import Path

import pytest

from first_party import ROOT, imported_by

PACKAGE = ROOT / "src" / "colorization"
# From the ground up.
ROOMS = (
    "core",
    "settings",
    "imaging",
    "sources",
    "dataset",
    "backbones",
    "embedding",
    "colorizing",
    "networks",
    "variants",
    "training",
    "scoring",
    "pages",
    "study",
    "packaging",
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(file: Path) -> str:
    """The room that a module lies in."""
    return file.relative_to(PACKAGE).parts[0]


def identify(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def test_every_module_lies_in_a_room() -> None:
    outside = [module.name for module in PACKAGE.glob("*.py")]
    assert outside == ["__init__.py"]
    assert {room(module) for module in MODULES if module.parent != PACKAGE} == set(ROOMS)


@pytest.mark.parametrize("module", MODULES[1:], ids=identify)
def test_a_room_imports_only_from_rooms_before_it(module: Path) -> None:
    allowed = {*ROOMS[: ROOMS.index(room(module)) + 1], "__init__.py"}
    assert {room(file) for file in imported_by(module, with_types=True)} <= allowed


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_says_what_it_is_for(name: str) -> None:
    tree = ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8"))
    assert len(ast.get_docstring(tree) or "") > 50
    if name != "variants":  # which finds its variants there
        assert len(tree.body) == 1


@pytest.mark.parametrize("module", sorted((PACKAGE / "variants").glob("[!_]*.py")), ids=identify)
def test_a_variant_imports_no_other(module: Path) -> None:
    variants = {file for file in imported_by(module) if room(file) == "variants"}
    assert variants <= {PACKAGE / "variants" / "__init__.py"}


@pytest.mark.parametrize("name", ROOMS)
def test_no_module_has_a_name_that_a_sibling_nearly_has(name: str) -> None:
    if name == "variants":
        return
    stems = sorted(module.stem for module in (PACKAGE / name).glob("[!_]*.py"))
    for one, other in itertools.pairwise(stems):
        assert other not in (f"{one}s", f"{one}es", f"{one}r", f"{one}ing")
