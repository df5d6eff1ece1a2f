"""Reads params.yaml: each section has a schema, and a stage reads only its section.

The code holds no defaults: params.yaml alone says what a run used.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import Event, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from colorization.core.errors import ColorizationError, reason
from colorization.core.records import Record, explain, key_of, shortened

# Limits far above any real params file: a hostile one must not take much time or memory.
MAX_BYTES = 1 << 16
MAX_NODES = 10_000  # values; an alias counts as all that it stands for
MAX_DEPTH = 20
MAX_CHARACTERS = 4096  # of a value, as of a path; Python reads integers of up to 4,300 digits

STANDARD_TAG = "tag:yaml.org,2002:"
KEYS = {f"{STANDARD_TAG}{kind}" for kind in ("str", "merge")}
PLAIN = {  # what JSON can hold
    f"{STANDARD_TAG}{kind}" for kind in ("str", "null", "bool", "int", "float", "seq", "map")
}
# No real file name holds these. Messages would show them raw, and JSON cannot hold the last range.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Section(Record):
    """A section of params.yaml; its key is the name of its class in snake case."""

    @classmethod
    def section(cls) -> str:
        """Return the section's key in params.yaml."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and validate this section of a params file; the other sections are not validated.

        Raises
        ------
        ColorizationError
            If the file cannot be read, or the section holds an unknown, missing, mistyped or
            out-of-range value. The message names the file, the key, what was expected and what was
            found.
        """
        name = cls.section()
        content = read_yaml(path)
        if not isinstance(content, dict) or name not in content:
            raise ColorizationError(f"{path}: {name} is missing")
        try:
            return cls.model_validate_json(_as_json(content[name]))
        except ValidationError as error:
            lines = [f"{path}: {line}" for line in explain(error, name)]
            raise ColorizationError("\n".join(lines)) from error


class Sections(Record):
    """All sections of params.yaml, a field for each."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and validate a whole params file.

        Raises
        ------
        ColorizationError
            As `Section.load`, with a line for every mistake.
        """
        try:
            return cls.model_validate_json(_as_json(read_yaml(path)))
        except ValidationError as error:
            raise ColorizationError(
                "\n".join(f"{path}: {line}" for line in explain(error))
            ) from error


def read_yaml(path: Path) -> Any:
    """Read a small YAML file of plain values, as DVC reads params.yaml.

    Returns
    -------
    any
        Dictionaries with strings as keys, lists, strings, numbers, booleans and None.

    Raises
    ------
    ColorizationError
        If the file cannot be read, or holds anything else. The message names file, line and key.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ColorizationError(f"{path}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise ColorizationError(f"{path}: more than {MAX_BYTES:,} bytes, too large for parameters")
    yaml = YAML(typ="safe", pure=True)
    try:
        content.decode("utf-8")  # ruamel.yaml reads UTF-16, too
        for count, event in enumerate(yaml.parse(content)):
            if count > 3 * MAX_NODES:  # a value of a mapping has two, and a collection two
                raise ColorizationError(f"{path}: more than {MAX_NODES:,} values")
            _check_event(event, path)
        if (root := yaml.compose(content)) is not None:
            _check(root, path)
        return yaml.load(content)
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ColorizationError(f"{path}: {line}not valid YAML: {reason(error.problem)}") from error
    except RecursionError:
        raise ColorizationError(f"{path}: more than {MAX_DEPTH} levels") from None
    # A ValueError if bytes are not UTF-8, or ruamel.yaml's own for "\UFFFFFFFF".
    except (YAMLError, ValueError, OverflowError, LookupError) as error:
        raise ColorizationError(f"{path}: not valid YAML: {reason(error)}") from error


def _check_event(event: Event, path: Path) -> None:
    """Refuse an explicit tag and a long value."""
    line = event.start_mark.line + 1
    if explicit_tag := getattr(event, "tag", None):
        tag = shortened(str(explicit_tag).replace(STANDARD_TAG, "!!"))
        raise ColorizationError(f"{path}: line {line}: {tag} is not needed; write the value alone")
    if isinstance(event, ScalarEvent) and len(event.value) > MAX_CHARACTERS:
        length = f"{len(event.value):,} characters, more than {MAX_CHARACTERS:,}"
        raise ColorizationError(f"{path}: line {line}: {length}")


def _check(root: Node, path: Path) -> None:
    """Refuse what JSON cannot hold, and what would be too large once aliases are replaced."""
    for count, (node, keys) in enumerate(_nodes(root, ()), start=1):
        if count > MAX_NODES:
            raise ColorizationError(f"{path}: more than {MAX_NODES:,} values")
        for problem, place in _problems(node, len(keys)):
            line, key = place.start_mark.line + 1, key_of(keys)
            raise ColorizationError(": ".join(filter(None, (f"{path}: line {line}", key, problem))))


def _nodes(node: Node, keys: tuple[int | str, ...]) -> Iterator[tuple[Node, tuple]]:
    """Yield every value with its keys, from the outermost in; an alias yields all it stands for."""
    yield node, keys
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _nodes(value, (*keys, key.value))
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _nodes(item, (*keys, index))


def _problems(node: Node, depth: int) -> Iterator[tuple[str, Node]]:
    """Yield why a value is refused, apart from the values in it, and where."""
    if depth > MAX_DEPTH:
        yield f"more than {MAX_DEPTH} levels", node
    if node.tag not in PLAIN:
        tag = shortened(str(node.tag).replace(STANDARD_TAG, "!!"))
        yield f"{tag} is not a plain value; quote it if it is text", node
    keys = [key for key, _ in node.value] if isinstance(node, MappingNode) else []
    for key in keys:
        if key.tag not in KEYS:
            yield "has a key that is not a string", key
    for text in [node] if isinstance(node, ScalarNode) else keys:
        if CONTROL.search(text.value):
            yield f"contains a control character: {shortened(text.value)}", text
    for index, key in enumerate(keys):
        if key.value in [earlier.value for earlier in keys[:index]]:
            yield f"duplicate key {shortened(key.value)}", key


def _as_json(content: object) -> str:
    """JSON for pydantic, whose strict mode accepts a list for a tuple only from JSON."""
    return json.dumps(content)
