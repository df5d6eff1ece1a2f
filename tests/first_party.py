"""Which files of this project a Python file imports, directly or not."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEARCHED = (ROOT / "stages", ROOT / "src")


def imported_files(script: Path) -> set[str]:
    """The first-party files that `script` imports, and itself, relative to the root."""
    files: set[Path] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        if file not in files:
            files.add(file)
            waiting.extend(imported_by(file))
    return {file.relative_to(ROOT).as_posix() for file in files}


@functools.cache
def imported_by(file: Path, *, with_types: bool = False) -> frozenset[Path]:
    """The first-party files that a file itself imports; those that only types need, on demand."""
    names = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if with_types else _run(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports are not followed"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return frozenset(path for name in names for path in _files_of(name))


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below a node, but for what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from _run(child)


def _files_of(name: str) -> set[Path]:
    """The module's file, and the __init__.py of each package around it; empty for others'."""
    parts = name.split(".")
    files = set()
    for folder in SEARCHED:
        for depth in range(1, len(parts) + 1):
            stem = folder.joinpath(*parts[:depth])
            files |= {
                path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()
            }
    return files
