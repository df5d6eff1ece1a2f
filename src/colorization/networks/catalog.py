"""Finds the networks by name: each is a file in `colorization.architectures`."""

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorization.core.errors import ColorizationError
from colorization.core.settings import NONE, NetworkInputs

if TYPE_CHECKING:  # only `load` needs Keras
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


def declared() -> dict[str, NetworkInputs]:
    """Read what each network takes beside L from its source, without importing it.

    An import would take seconds, for Keras; the stage `check` runs each time.

    Returns
    -------
    dict of str to NetworkInputs
        By the network's name.

    Raises
    ------
    ColorizationError
        See `read_inputs`.
    """
    return {name: read_inputs(source(name)) for name in names()}


def read_inputs(path: Path) -> NetworkInputs:
    """Read `takes_embedding` and `encoder` of a network's record from its source.

    Raises
    ------
    ColorizationError
        If the file does not define ARCHITECTURE by a call with literal values of these two.
    """
    try:
        tree = ast.parse(path.read_bytes(), path.name)
    except (SyntaxError, ValueError) as error:  # ValueError for null bytes
        raise ColorizationError(f"{path}: not Python ({error})") from error
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="ARCHITECTURE")], value=ast.Call(keywords=given)):
                values = {keyword.arg: keyword.value for keyword in given}
                return NetworkInputs(
                    embedding=_literal(path, values, "takes_embedding", default=False),
                    encoder=_literal(path, values, "encoder", default=None) or NONE,
                )
    raise ColorizationError(f"{path}: ARCHITECTURE = Architecture(...) is missing")


def _literal(path: Path, values: dict[str | None, ast.expr], key: str, default: object) -> Any:
    match values.get(key):
        case None:
            return default
        case ast.Constant(value=value):
            return value
    raise ColorizationError(f"{path}: {key} of ARCHITECTURE must be a literal value")
