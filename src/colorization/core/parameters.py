"""Reads params.yaml: each section has a schema of its own, and a stage reads only its section.

The code holds no defaults: params.yaml alone tells what a run used.
"""

import json
import re
from pathlib import Path
from typing import Any, NoReturn, Self

import yaml
from pydantic import ValidationError

from colorization.core.errors import ColorizationError, reason
from colorization.core.records import Record, explain, shortened

# Limits far above any real params file. A hostile one is refused before it costs time or memory.
MAX_BYTES = 1 << 18
MAX_NODES = 10_000  # keys and values; those that an alias repeats count again
MAX_DEPTH = 20
MAX_CHARACTERS = 4096  # of a value, as of a path; Python reads integers of up to 4,300 digits

STANDARD_TAG = "tag:yaml.org,2002:"
# Characters that no real file name holds. Messages would show them raw, and JSON cannot hold the
# last range.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Section(Record):
    """A section of params.yaml; its key is the name of its class in snake case."""

    @classmethod
    def section(cls) -> str:
        """Give the section's key in params.yaml."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and validate this section of a params file; the other sections are not validated.

        Raises
        ------
        ColorizationError
            If the file cannot be read, or the section holds an unknown, missing, mistyped or
            out-of-range value. The message names file, key, what was wanted and what was found.
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


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with limits, and with the numbers and booleans of YAML 1.2, as in DVC.

    YAML 1.1 would read 1:30 as 90, 010 as 8 and `on` as true.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 (PyYAML's way to drop those of YAML 1.1)

    def __init__(self, text: str, file: Path) -> None:
        super().__init__(text)
        self._file = file
        self._path: list[str] = []  # keys and positions down to the value that is being read
        self._depth = 0
        self._count = 0
        self._counts: dict[yaml.Node, int] = {}  # of each node, with all nodes within it

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Read a key, or a value with all that it holds; PyYAML calls this for each of them."""
        event = self.peek_event()
        name = index.value if isinstance(index, yaml.ScalarNode) else index
        if name is not None:
            self._path.append(str(name))
        self._depth += 1
        self._check_event(event)
        before = self._count
        node: Any = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            if node not in self._counts:
                self._refuse(event, "holds itself")
            self._count += self._counts[node]
        else:
            self._count += 1
            self._counts[node] = self._count - before
        if self._count > MAX_NODES:
            self._refuse(event, f"this makes more than {MAX_NODES:,} values")
        if isinstance(node, yaml.MappingNode):
            self._check_keys(node)
        self._depth -= 1
        if name is not None:
            self._path.pop()
        return node

    def _check_event(self, event: yaml.Event) -> None:
        if self._depth > MAX_DEPTH:
            self._refuse(event, f"more than {MAX_DEPTH} levels within each other")
        if tag := getattr(event, "tag", None):
            short = tag.replace(STANDARD_TAG, "!!")
            self._refuse(event, f"{shortened(short)} has no place here; write the value alone")
        if not isinstance(event, yaml.ScalarEvent):
            return
        if len(event.value) > MAX_CHARACTERS:
            length = f"{len(event.value):,} characters"
            self._refuse(event, f"{length}, more than {MAX_CHARACTERS:,}")
        if CONTROL.search(event.value):
            self._refuse(event, f"holds a control character: {shortened(event.value)}")

    def _check_keys(self, mapping: yaml.MappingNode) -> None:
        seen = set()
        for key, _ in mapping.value:
            if key.tag not in (f"{STANDARD_TAG}str", f"{STANDARD_TAG}merge"):
                self._refuse(key, "a key that is not a name")
            if key.value in seen:
                self._refuse(key, f"{shortened(key.value)} stands here a second time")
            seen.add(key.value)

    def _refuse(self, where: Any, what: str) -> NoReturn:
        place = f"{self._file}: line {where.start_mark.line + 1}: "
        if self._path:
            place += shortened(".".join(self._path), quoted=False) + ": "
        raise ColorizationError(place + what)


for tag, pattern, beginnings in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?[0-9]+[eE][-+]?[0-9]+", "-+0123456789"),  # DVC writes 0.00001 as 1e-05
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"{STANDARD_TAG}{tag}", re.compile(rf"(?:{pattern})\Z"), list(beginnings)
    )


def read_yaml(path: Path) -> Any:
    """Read a small YAML file of plain values: without tags, with names as keys, none of them twice.

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
        raise ColorizationError(f"{path}: more than {MAX_BYTES:,} bytes, which no parameters need")
    try:
        return _Loader(content.decode("utf-8"), path).get_single_data()
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ColorizationError(f"{path}: {line}not valid YAML: {error.problem}") from error
    # A ValueError if bytes are not UTF-8, or if \U names a number beyond the end of Unicode.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ColorizationError(f"{path}: not valid YAML: {reason(error)}") from error


def _as_json(content: object) -> str:
    """JSON for pydantic, whose strict mode accepts a list for a tuple only from JSON."""
    return json.dumps(content)
