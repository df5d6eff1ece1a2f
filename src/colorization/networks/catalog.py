"""Finds the networks by name: each is a file in `colorization.architectures`."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `names` does not need Keras
    from colorization.networks.architecture import Architecture

FOLDER = Path(__file__).resolve().parent.parent / "architectures"


def names() -> list[str]:
    """List the names of all networks."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


def load(name: str) -> "Architecture":
    """Load the record of a network, by its name."""
    return import_module(f"colorization.architectures.{name}").ARCHITECTURE


def source(name: str) -> Path:
    """Return the file that defines a network."""
    return FOLDER / f"{name}.py"
