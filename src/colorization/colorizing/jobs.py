"""Find the photographs to colorize, and the output path of each."""

import errno
import glob
import os
import stat
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from colorization.colorizing.accepted import FORMATS, NO_FILE, TIFF
from colorization.core.errors import ColorizationError
from colorization.sources import archives

if TYPE_CHECKING:  # NumPy is slow to import
    from colorization.colorizing.hints import Hint

IMAGE, FOLDER = "image", "folder"  # other kinds are ignored
OUTPUT = "the output folder"
DEEPEST = 200  # nested folders; the function that creates them is recursive

Identity = tuple[int, int]  # device and inode of a file or folder


@dataclass(frozen=True)
class Job:
    """A photograph to colorize.

    Attributes
    ----------
    input, output : Path
    overwrite : bool
        Whether to replace an existing output.
    page : int or None
        From 0; None for a file with a single photograph.
    hints : sequence of Hint
    exists : bool
        Whether there is nothing to do, since the result exists and is kept.
    """

    input: Path
    output: Path
    overwrite: bool = False
    page: int | None = None
    hints: "Sequence[Hint]" = ()
    exists: bool = False

    @property
    def label(self) -> str:
        """The photograph's name in messages, such as `scan.tif, page 2`."""
        return str(self.input) if self.page is None else f"{self.input}, page {self.page + 1}"


class Kind(Enum):
    """The result of a photograph; the value is the summary's text."""

    COLORIZED = "colorized"
    EXISTS = "skipped because results exist"
    IN_COLOR = "skipped because in color"
    FAILED = "failed"


@dataclass(frozen=True)
class Failure:
    """A photograph that was not colorized, and why."""

    input: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """The photographs to colorize, and the inputs that cannot be.

    Attributes
    ----------
    jobs : list of Job
    failures : list of Failure
    ignored : Counter of str
        Number of other entries of folders, by kind.
    """

    jobs: list[Job]
    failures: list[Failure]
    ignored: Counter[str]

    @property
    def to_do(self) -> list[Job]:
        """The jobs whose results do not exist yet, or are replaced."""
        return [job for job in self.jobs if not job.exists]


def plan(
    inputs: list[str],
    output: Path,
    ending: str | None,
    *,
    overwrite: bool = False,
    skip_existing: bool = False,
    hints: "Mapping[Path, Sequence[Hint]] | None" = None,
) -> Plan:
    """Find the photographs, and choose their output paths.

    Parameters
    ----------
    inputs : list of str
        Files, folders (searched recursively, without following links) and globs. The output
        folder is ignored unless it is the only input. Within the output folder, the result of a
        file is at the top; that of a photograph in a folder keeps its path relative to that
        folder; that of a glob's match, its path relative to the folder before the first wildcard.
        If results from several folders would have the same name, they keep their paths relative
        to the deepest common folder. Each page of a TIFF has a result: NAME-1.tif, NAME-2.tif, ...
    output : Path
    ending : str or None
        Extension of all results, with its dot. None keeps each input's, or uses .png for formats
        that cannot be written.
    overwrite : bool
        Whether to replace existing results. Inputs, and files in folders that are inputs, are
        never replaced.
    skip_existing : bool
        Whether to keep results that exist; their jobs are marked as such.
    hints : mapping of Path to sequence of Hint, optional
        The hints of some photographs; see `read_hints`.

    Returns
    -------
    Plan

    Raises
    ------
    ColorizationError
        If the output folder is not writable, or hints are of a file that is not among the
        photographs, or has several pages.
    """
    collected = _Collected(_output_folder(output), alone=len(inputs) == 1)
    for text in inputs:
        collected.add(text)
    photographs = _placed(list(collected.photographs.values()), ending)
    inputs_by_identity: dict[Identity | None, Path] = {
        photograph.identity: photograph.path for photograph in photographs
    }
    hints_by_identity = _by_identity(hints or {}, inputs_by_identity)
    result = Plan([], list(collected.failures.values()), collected.ignored)
    taken: dict[Path, Job] = {}
    for photograph in photographs:
        for job in _jobs(photograph, output, overwrite, hints_by_identity):
            out = job.output
            target = Path(os.path.realpath(out.parent), out.name)
            replaced = inputs_by_identity.get(_identity(out))
            if replaced is not None:
                reason = f"its result would replace {replaced}, an input; choose another --output"
            elif target in taken:
                reason = (
                    f"its result has the same name as that of {taken[target].label}; "
                    "rename it, or choose another --output"
                )
            elif len(photograph.below.parent.parts) > DEEPEST:
                reason = f"is more than {DEEPEST} folders deep"
            elif skip_existing and out.is_file():
                taken[target] = job
                result.jobs.append(replace(job, exists=True))
                continue
            elif os.path.lexists(out) and not collected.folders.isdisjoint(target.parents):
                reason = (
                    f"{out} exists, in a folder that is an input; "
                    "remove it, or choose another --output"
                )
            elif os.path.lexists(out) and not overwrite:
                remedy = "remove it" if skip_existing else "use --skip-existing or --overwrite"
                reason = f"{out} exists{', and is not a file' * skip_existing}; {remedy}"
            else:
                taken[target] = job
                result.jobs.append(job)
                continue
            result.failures.append(Failure(job.label, reason))
    return result


@dataclass(frozen=True)
class _Photograph:
    """A file, its identity, and the path of its result relative to the output folder."""

    path: Path
    identity: Identity
    below: Path


def _placed(photographs: list[_Photograph], ending: str | None) -> list[_Photograph]:
    """Set the results' extensions, and separate results of the same name from several folders."""
    named = []
    for photograph in photographs:
        own = photograph.path.suffix if photograph.path.suffix.lower() in FORMATS else ".png"
        named.append(replace(photograph, below=photograph.below.with_suffix(ending or own)))
    folders = defaultdict(set)
    for photograph in named:
        folders[photograph.below].add(_absolute(photograph.path).parent)
    shared = {
        below: _shared_depth(parents) for below, parents in folders.items() if len(parents) > 1
    }
    return [
        replace(photograph, below=_from_depth(photograph, shared[photograph.below]))
        if photograph.below in shared
        else photograph
        for photograph in named
    ]


def _shared_depth(folders: set[Path]) -> int:
    """Depth of the deepest common folder of absolute paths; at least 1."""
    levels = zip(*(folder.parts for folder in folders), strict=False)
    return max(1, sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels)))


def _from_depth(photograph: _Photograph, depth: int) -> Path:
    """The photograph's path relative to its folder at a given depth."""
    return Path(*_absolute(photograph.path).parent.parts[depth:], photograph.below.name)


def _by_identity(
    hints: "Mapping[Path, Sequence[Hint]]", photographs: Mapping[Identity | None, Path]
) -> "dict[Identity | None, list[Hint]]":
    """The hints of the photographs; one may be named in several ways."""
    joined: dict[Identity | None, list] = defaultdict(list)
    for path, given in hints.items():
        identity = _identity(path)
        if identity not in photographs:
            raise ColorizationError(f"--hints: {path} is not among the photographs to colorize")
        joined[identity] += given
    return joined


def _jobs(
    photograph: _Photograph,
    output: Path,
    overwrite: bool,
    hints: "Mapping[Identity | None, Sequence[Hint]]",
) -> list[Job]:
    """The jobs of a file: one, or one per page."""
    path, out = photograph.path, output / photograph.below
    pages = _count_pages(path)
    given = hints.get(photograph.identity, ())
    if pages <= 1:
        return [Job(path, out, overwrite, hints=given)]
    if given:
        raise ColorizationError(
            f"--hints: {path} has {pages} pages; save the page as a file of its own"
        )
    return [
        Job(path, out.with_stem(f"{out.stem}-{page + 1}"), overwrite, page) for page in range(pages)
    ]


def _count_pages(path: Path) -> int:
    try:
        with path.open("rb") as file:
            if file.read(len(TIFF[0])) not in TIFF:
                return 1
            from colorization.photos import decoding  # noqa: PLC0415 (slow)

            return decoding.count_pages(file)
    except Exception:
        return 1  # decoding will report the error


def _absolute(path: Path) -> Path:
    """The absolute path without `..`; links are not resolved."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (Path.absolute keeps `..`)


def _output_folder(output: Path) -> Identity | None:
    """The identity of the output folder; None if it does not exist yet."""
    try:
        status = output.stat()
    except OSError as error:
        if error.errno != errno.ENOENT or output.is_symlink():
            raise ColorizationError(f"--output: {output}: {_why(error, output)}") from error
        status = None
    if status is not None and not stat.S_ISDIR(status.st_mode):
        raise ColorizationError(f"--output: {output} is a file, not a folder")
    existing = next(path for path in (output, *_absolute(output).parents) if _is_folder(path))
    try:
        with tempfile.TemporaryFile(dir=existing):  # access rights say nothing of a read-only disk
            pass
    except OSError as error:
        raise ColorizationError(f"--output: {existing}: {error.strerror}") from error
    return None if status is None else (status.st_dev, status.st_ino)


@dataclass
class _Collected:
    """The photographs, folders and failures found so far.

    Attributes
    ----------
    output : Identity or None
        Of the output folder, which is ignored unless it is the only input.
    alone : bool
        Whether there is a single argument.
    photographs : dict
        By absolute path, without duplicates.
    folders : set of Path
        The folders among the inputs, with links resolved.
    failures : dict
        By path.
    ignored : Counter of str
    """

    output: Identity | None
    alone: bool
    photographs: dict[Path, _Photograph] = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    failures: dict[str, Failure] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Add an argument: a file, a folder, or, if neither exists, a glob."""
        if not text:  # Path("") is the current folder
            self._fail("''", "no such file or folder")
            return
        named = Path(text)
        if os.path.lexists(text):
            paths = {named: Path() if _is_folder(named) else Path(named.name)}
        else:
            before = _before_wildcards(named)
            paths = {match: _below(match, before) for match in _matches(text, self.output)}
        for path, below in (paths or {named: Path(named.name)}).items():
            several = not self.alone or len(paths) > 1
            if several and _is_folder(path) and _identity(path) == self.output:
                self.ignored[OUTPUT] += 1
            else:
                self._add(path, below)

    def _add(self, path: Path, below: Path) -> None:
        try:
            status = path.stat()
        except OSError as error:
            self._fail(path, _why(error, path))
            return
        if stat.S_ISDIR(status.st_mode):
            self._add_folder(path, below)
        elif stat.S_ISREG(status.st_mode):
            photograph = _Photograph(path, (status.st_dev, status.st_ino), below)
            self.photographs.setdefault(_absolute(path), photograph)
        else:  # reading it might take for ever
            self._fail(path, NO_FILE)

    def _add_folder(self, folder: Path, below: Path) -> None:
        self.folders.add(Path(os.path.realpath(folder)))
        failures = len(self.failures)
        images = []
        for kind, path in _walk(folder, self.output, self._fail):
            if kind == IMAGE:
                images.append(path)
            elif kind != FOLDER:
                self.ignored[kind] += 1
        for path in sorted(images):
            self._add(path, below / path.relative_to(folder))
        if not images and len(self.failures) == failures:
            self._fail(folder, "a folder without images")

    def _fail(self, path: Path | str, reason: str) -> None:
        self.failures[str(path)] = Failure(str(path), reason)


def _walk(
    top: Path, output: Identity | None, fail: Callable[[Path, str], None]
) -> Iterator[tuple[str, Path]]:
    """Yield all entries below a folder, with their kinds; only a `FOLDER` is entered."""
    pending = [top]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                kinds = [(_kind(entry, output), Path(entry.path)) for entry in entries]
        except OSError as error:
            fail(folder, os.strerror(error.errno or 0))
            continue
        yield from kinds
        pending += [path for kind, path in kinds if kind == FOLDER]


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
    return ending or "without extension"


def _before_wildcards(pattern: Path) -> Path:
    """The part of a glob before the first component with a wildcard."""
    return Path(*takewhile(lambda part: not glob.has_magic(part), pattern.parts))


def _below(match: Path, folder: Path) -> Path:
    """The path of a glob's match relative to a folder; its name if `..` leads outside."""
    below = match.relative_to(folder)
    return Path(match.name) if ".." in below.parts else below


def _matches(pattern: str, output: Identity | None) -> list[Path]:
    """The paths that match a glob, sorted.

    `**` does not enter links, which may be circular, nor the output folder.
    """
    parts = Path(pattern).parts
    if "**" not in parts:
        # Path.glob does not accept absolute patterns.
        return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207
    before, after = parts[: parts.index("**")], parts[parts.index("**") + 1 :]
    tops = list(filter(_is_folder, _matches(str(Path(*before)), output) if before else [Path()]))
    if not after:
        return tops  # folders are searched recursively
    matches: set[Path] = set()
    for top in tops:
        below = (path for kind, path in _walk(top, output, lambda *_: None) if kind == FOLDER)
        for folder in (top, *below):
            matches.update(_matches(str(Path(glob.escape(str(folder)), *after)), output))
    return sorted(matches)


def _status(path: str | Path) -> os.stat_result | None:
    """The status of a path, following links; None if it does not exist."""
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
    """Why a path cannot be followed."""
    if error.errno == errno.ELOOP:
        return "a circular link"
    if error.errno == errno.ENOENT:
        return "a broken link" if path.is_symlink() else "no such file or folder"
    return os.strerror(error.errno or 0)
