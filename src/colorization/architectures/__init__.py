"""Holds the variants: a file for each, named as in params.yaml, with the record VARIANT.

No variant imports another, so that a training depends on its own variant's file alone. Code that
several variants share belongs in `colorization.networks`.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `names` does without Keras
    from colorization.networks.architecture import Variant


def names() -> list[str]:
    """List the names of all variants."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def load(name: str) -> "Variant":
    """Load the record of a variant, by its name."""
    return import_module(f"{__name__}.{name}").VARIANT
