"""The variants: a file for each, named as in params.yaml, that holds its record as VARIANT.

None imports another: a training depends on its own variant's file, and on no other. What several
share stands in `colorization.networks`.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # to know the names, nothing of Keras is needed
    from colorization.networks.variant import Variant


def names() -> list[str]:
    """Names of all variants there are."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def load(name: str) -> "Variant":
    """Load the record of a variant, by its name."""
    return import_module(f"{__name__}.{name}").VARIANT
