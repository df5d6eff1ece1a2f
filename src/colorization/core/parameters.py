"""Reading params.yaml: each section has a schema of its own, and a stage reads its section alone.

No default stands in code: what a run used can be read in params.yaml alone.
"""

import json
import re
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ValidationError

from colorization.core.errors import ColorizationError
from colorization.core.records import Record, explain


class Section(Record):
    """A section of params.yaml, which has the name of its class in lower case."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and validate this section of a params file, and nothing else of it.

        Raises
        ------
        ColorizationError
            If the file cannot be read, or the section holds an unknown, missing, mistyped or
            out-of-range value. The message names file, key, what was wanted and what was found.
        """
        name = cls.__name__.lower()
        content = read_yaml(path)
        if not isinstance(content, dict) or name not in content:
            raise ColorizationError(f"{path}: {name} is missing")
        try:
            return cls.model_validate_json(_as_json(content[name], path))
        except ValidationError as error:
            lines = [f"{path}: {line}" for line in explain(error, name)]
            raise ColorizationError("\n".join(lines)) from error


class Sections(Record):
    """All sections of params.yaml: a field for each."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and validate a whole params file.

        Raises
        ------
        ColorizationError
            As `Section.load`, with a line for every mistake.
        """
        try:
            return cls.model_validate_json(_as_json(read_yaml(path), path))
        except ValidationError as error:
            raise ColorizationError(
                "\n".join(f"{path}: {line}" for line in explain(error))
            ) from error


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, with YAML 1.2's numbers: DVC writes 0.00001 as 1e-05."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    ColorizationError
        If it cannot be read, or is not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506
    except OSError as error:
        raise ColorizationError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _not_valid(path, error) from error


def _as_json(content: object, path: Path) -> str:
    """JSON for pydantic, whose strict mode then takes a list for a tuple."""
    try:
        return json.dumps(content, default=str)
    except (TypeError, ValueError) as error:  # a date as a key, a list within itself
        raise _not_valid(path, error) from error


def _not_valid(path: Path, error: Exception) -> ColorizationError:
    return ColorizationError(f"{path}: not valid YAML: {' '.join(str(error).split())}")
