"""Find the photographs that `colorize` takes, and the place of each result."""

import errno
import glob
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from colorization.colorizing.formats import FORMATS, NO_FILE
from colorization.core.errors import ColorizationError
from colorization.sources import archives

IMAGE, FOLDER = "image", "folder"  # images are taken, folders entered, other kinds passed over
OUTPUT = "the output folder"
DEEPEST = 200  # folders, one inside the other; the function that makes them calls itself for each

Identity = tuple[int, int]  # of a file or folder: the same under all its names and links


@dataclass(frozen=True)
class Job:
    """One photograph, the place of its result, and whether a file there may be replaced."""

    input: Path
    output: Path
    overwrite: bool = False


@dataclass(frozen=True)
class Failure:
    """A photograph that was not colorized, and why; `began` tells whether work on it began."""

    input: str
    reason: str
    began: bool = True


@dataclass(frozen=True)
class Plan:
    """The photographs to colorize, and the inputs that are not.

    Attributes
    ----------
    jobs : list of Job
    failures : list of Failure
        Inputs that were asked for and cannot be colorized.
    passed_over : Counter of str
        Number of other things in the folders, by kind.
    """

    jobs: list[Job]
    failures: list[Failure]
    passed_over: Counter[str]


def plan(inputs: list[str], output: Path, ending: str | None, overwrite: bool) -> Plan:
    """Find the photographs, and give each its place in the output folder.

    Parameters
    ----------
    inputs : list of str
        Files, folders (with all below them, except links to folders and the output folder) and
        globs. The output folder is passed over, too, unless it is all that they lead to. The result
        of a photograph in a folder keeps its place below that folder. The result of a file goes
        right into the output folder.
    output : Path
    ending : str or None
        Ending of all results, with its dot. None keeps each input's, or takes .png for a format
        that cannot be written.
    overwrite : bool
        Whether an existing result may be replaced. Inputs, and files in folders that are inputs,
        are never replaced.

    Returns
    -------
    Plan

    Raises
    ------
    ColorizationError
        If the output cannot be written to.
    """
    found = _Found(_output_folder(output), alone=len(inputs) == 1)
    for text in inputs:
        found.add(text)
    inputs_by_identity: dict[Identity | None, Path] = {
        identity: path for path, (_, identity) in found.photographs.items()
    }
    jobs: list[Job] = []
    failures = list(found.failures.values())
    taken: dict[Path, Path] = {}
    for path, (below, _) in found.photographs.items():
        kept = path.suffix if path.suffix.lower() in FORMATS else ".png"
        out = output / below.with_suffix(ending or kept)
        place = Path(os.path.realpath(out.parent), out.name)
        replaced = inputs_by_identity.get(_identity(out))
        if replaced is not None:
            reason = f"its result would replace {replaced}, an input; choose another --output"
        elif place in taken:
            reason = f"its result has the same name as that of {taken[place]}"
        elif len(below.parent.parts) > DEEPEST:
            reason = f"lies more than {DEEPEST} folders deep"
        elif os.path.lexists(out) and not found.folders.isdisjoint(place.parents):
            reason = (
                f"{out} is there already, in a folder that is an input; "
                "remove it, or choose another --output"
            )
        elif os.path.lexists(out) and not overwrite:
            reason = f"{out} is there already; --overwrite replaces it"
        else:
            taken[place] = path
            jobs.append(Job(path, out, overwrite))
            continue
        failures.append(Failure(str(path), reason, began=False))
    return Plan(jobs, failures, found.passed_over)


def _output_folder(output: Path) -> Identity | None:
    """The identity of the output folder; None if the folder does not exist yet."""
    try:
        status = output.stat()
    except OSError as error:
        if error.errno == errno.ENOENT and not output.is_symlink():
            return None
        raise ColorizationError(f"--output: {output}: {_why(error, output)}") from error
    if not stat.S_ISDIR(status.st_mode):
        raise ColorizationError(f"--output: {output} is a file, not a folder")
    effective = os.access in os.supports_effective_ids
    if not os.access(output, os.W_OK | os.X_OK, effective_ids=effective):
        raise ColorizationError(f"--output: {output}: {os.strerror(errno.EACCES)}")
    return status.st_dev, status.st_ino


@dataclass
class _Found:
    """The photographs, folders and failures that the inputs lead to.

    Attributes
    ----------
    output : Identity or None
        Of the output folder, which is passed over where it lies in an input or beside others.
    alone : bool
        Whether there is one argument.
    photographs : dict
        By path: the place below the output folder, and the identity.
    folders : set of Path
        The folders among the inputs, without links.
    failures : dict
        By the path that failed.
    passed_over : Counter of str
    """

    output: Identity | None
    alone: bool
    photographs: dict[Path, tuple[Path, Identity]] = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    failures: dict[str, Failure] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Follow an argument: a file, a folder, or, if neither has that name, a glob."""
        if not text:  # as a path, it would be the current folder
            self._fail("''", "there is no such file or folder")
            return
        paths = [Path(text)] if os.path.lexists(text) else _matches(text, self.output)
        for path in paths or [Path(text)]:
            several = not self.alone or len(paths) > 1
            if several and _is_folder(path) and _identity(path) == self.output:
                self.passed_over[OUTPUT] += 1
            else:
                self._add(path, Path(path.name))

    def _add(self, path: Path, below: Path) -> None:
        try:
            status = path.stat()
        except OSError as error:
            self._fail(path, _why(error, path))
            return
        if stat.S_ISDIR(status.st_mode):
            self._add_folder(path)
        elif stat.S_ISREG(status.st_mode):
            self.photographs.setdefault(path, (below, (status.st_dev, status.st_ino)))
        else:  # reading it might take for ever
            self._fail(path, NO_FILE)

    def _add_folder(self, folder: Path) -> None:
        self.folders.add(Path(os.path.realpath(folder)))
        failures = len(self.failures)
        images = []
        for kind, path in _walk(folder, self.output, self._fail):
            if kind == IMAGE:
                images.append(path)
            elif kind != FOLDER:
                self.passed_over[kind] += 1
        for path in sorted(images):
            self._add(path, path.relative_to(folder))
        if not images and len(self.failures) == failures:
            self._fail(folder, "a folder without images")

    def _fail(self, path: Path | str, reason: str) -> None:
        self.failures[str(path)] = Failure(str(path), reason, began=False)


def _walk(
    top: Path, output: Identity | None, fail: Callable[[Path, str], None]
) -> Iterator[tuple[str, Path]]:
    """Everything below a folder, with its kind; only a `FOLDER` is entered."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                kinds = [(_kind(entry, output), Path(entry.path)) for entry in entries]
        except OSError as error:
            fail(folder, os.strerror(error.errno or 0))
            continue
        yield from kinds
        waiting += [path for kind, path in kinds if kind == FOLDER]


def _kind(entry: os.DirEntry, output: Identity | None) -> str:
    ending = Path(entry.name).suffix.lower()
    if entry.name.startswith((".", "__MACOSX")):
        return "hidden"
    if entry.is_dir(follow_symlinks=False):
        return OUTPUT if _identity(entry.path) == output else FOLDER
    if entry.is_symlink() and _is_folder(entry.path):
        return "linked folders"
    if ending in archives.EXTENSIONS:
        return IMAGE
    return "of another kind" if ending else "without an ending"


def _matches(pattern: str, output: Identity | None) -> list[Path]:
    """The paths that a glob matches, sorted.

    `**` enters neither links, which may lead in circles, nor the output folder.
    """
    parts = Path(pattern).parts
    if "**" not in parts:
        # Path.glob knows no absolute patterns.
        return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207
    before, after = parts[: parts.index("**")], parts[parts.index("**") + 1 :]
    tops = list(filter(_is_folder, _matches(str(Path(*before)), output) if before else [Path()]))
    if not after:
        return tops  # with all below them
    found: set[Path] = set()
    for top in tops:
        below = (path for kind, path in _walk(top, output, lambda *_: None) if kind == FOLDER)
        for folder in (top, *below):
            found.update(_matches(str(Path(glob.escape(str(folder)), *after)), output))
    return sorted(found)


def _status(path: str | Path) -> os.stat_result | None:
    """The status of the file that a name leads to; None if it cannot be found."""
    try:
        return Path(path).stat()
    except OSError:
        return None


def _is_folder(path: str | Path) -> bool:
    status = _status(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _identity(path: str | Path) -> Identity | None:
    status = _status(path)
    return None if status is None else (status.st_dev, status.st_ino)


def _why(error: OSError, path: Path) -> str:
    """The reason why a name leads to nothing."""
    if error.errno == errno.ELOOP:
        return "a link that leads to itself"
    if error.errno == errno.ENOENT:
        nowhere = "a link that leads nowhere"
        return nowhere if path.is_symlink() else "there is no such file or folder"
    return os.strerror(error.errno or 0)
