"""Find the photographs that `colorize` takes, and the place of each result."""

import errno
import glob
import os
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from colorization.colorizing.accepted import FORMATS, NO_FILE
from colorization.core.errors import ColorizationError
from colorization.sources import archives

IMAGE, FOLDER = "image", "folder"  # images are taken, folders entered, other kinds passed over
OUTPUT = "the output folder"
PAGED = (".tif", ".tiff")  # endings of files that may hold several photographs
DEEPEST = 200  # folders, one inside the other; the function that makes them calls itself for each

Identity = tuple[int, int]  # of a file or folder: the same under all its names and links


@dataclass(frozen=True)
class Job:
    """One photograph, the place of its result, and whether a file there may be replaced.

    `page` counts from 0; it is None for a file that holds one photograph.
    """

    input: Path
    output: Path
    overwrite: bool = False
    page: int | None = None

    @property
    def label(self) -> str:
        """The name of the photograph in messages, such as `scan.tif, page 2`."""
        return str(self.input) if self.page is None else f"{self.input}, page {self.page + 1}"


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
    skipped : int
        Number of photographs whose results exist already, if those were to be skipped.
    """

    jobs: list[Job]
    failures: list[Failure]
    passed_over: Counter[str]
    skipped: int = 0


def plan(
    inputs: list[str],
    output: Path,
    ending: str | None,
    *,
    overwrite: bool = False,
    skip_existing: bool = False,
) -> Plan:
    """Find the photographs, and give each its place in the output folder.

    Parameters
    ----------
    inputs : list of str
        Files, folders (with all below them, except links to folders and the output folder) and
        globs. The output folder is passed over, too, unless it is all that they lead to. The result
        of a photograph in a folder keeps its place below that folder; that of a glob's match, below
        the folder before the first wildcard. The result of a file goes right into the output
        folder. Where results from several folders would have one name, they are placed by their
        photographs' paths from the deepest folder that has all of these. A TIFF of several pages
        has a result for each: NAME-1.tif, NAME-2.tif and so on.
    output : Path
    ending : str or None
        Ending of all results, with its dot. None keeps each input's, or takes .png for a format
        that cannot be written.
    overwrite : bool
        Whether an existing result may be replaced. Inputs, and files in folders that are inputs,
        are never replaced.
    skip_existing : bool
        Whether photographs are skipped whose results exist already.

    Returns
    -------
    Plan

    Raises
    ------
    ColorizationError
        If the output cannot be written to.
    """
    collected = _Collected(_output_folder(output), alone=len(inputs) == 1)
    for text in inputs:
        collected.add(text)
    photographs = _placed(list(collected.photographs.values()), ending)
    inputs_by_identity: dict[Identity | None, Path] = {
        photograph.identity: photograph.path for photograph in photographs
    }
    result = Plan([], list(collected.failures.values()), collected.passed_over)
    taken: dict[Path, Job] = {}
    skipped = 0
    for photograph in photographs:
        for job in _jobs(photograph, output, overwrite):
            out = job.output
            place = Path(os.path.realpath(out.parent), out.name)
            replaced = inputs_by_identity.get(_identity(out))
            if replaced is not None:
                reason = f"its result would replace {replaced}, an input; choose another --output"
            elif place in taken:
                reason = f"its result has the same name as that of {taken[place].label}"
            elif len(photograph.below.parent.parts) > DEEPEST:
                reason = f"lies more than {DEEPEST} folders deep"
            elif skip_existing and out.is_file():
                taken[place] = job
                skipped += 1
                continue
            elif os.path.lexists(out) and not collected.folders.isdisjoint(place.parents):
                reason = (
                    f"{out} is there already, in a folder that is an input; "
                    "remove it, or choose another --output"
                )
            elif os.path.lexists(out) and not overwrite:
                reason = (
                    f"{out} is there already; --skip-existing skips it, --overwrite replaces it"
                )
            else:
                taken[place] = job
                result.jobs.append(job)
                continue
            result.failures.append(Failure(job.label, reason, began=False))
    return replace(result, skipped=skipped)


@dataclass(frozen=True)
class _Photograph:
    """A file, its identity, and the place of its result below the output folder."""

    path: Path
    identity: Identity
    below: Path


def _placed(photographs: list[_Photograph], ending: str | None) -> list[_Photograph]:
    """Give each result its ending, and keep apart results of one name from several folders."""
    named = []
    for photograph in photographs:
        kept = photograph.path.suffix if photograph.path.suffix.lower() in FORMATS else ".png"
        named.append(replace(photograph, below=photograph.below.with_suffix(ending or kept)))
    folders = defaultdict(set)
    for photograph in named:
        folders[photograph.below].add(_absolute(photograph.path).parent)
    shared = {below: _shared_depth(those) for below, those in folders.items() if len(those) > 1}
    return [
        replace(photograph, below=_from_depth(photograph, shared[photograph.below]))
        if photograph.below in shared
        else photograph
        for photograph in named
    ]


def _shared_depth(folders: set[Path]) -> int:
    """Number of folders, from the root on, that absolute paths begin with alike; at least 1."""
    levels = zip(*(folder.parts for folder in folders), strict=False)
    return max(1, sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels)))


def _from_depth(photograph: _Photograph, depth: int) -> Path:
    """The place of a result whose folders are the photograph's own, from a depth on."""
    return Path(*_absolute(photograph.path).parent.parts[depth:], photograph.below.name)


def _jobs(photograph: _Photograph, output: Path, overwrite: bool) -> list[Job]:
    """The jobs of a file: one, or one for each page."""
    path, out = photograph.path, output / photograph.below
    pages = _count_pages(path)
    if pages <= 1:
        return [Job(path, out, overwrite)]
    return [
        Job(path, out.with_stem(f"{out.stem}-{page + 1}"), overwrite, page) for page in range(pages)
    ]


def _count_pages(path: Path) -> int:
    if path.suffix.lower() not in PAGED:
        return 1
    from colorization.photos import decoding  # noqa: PLC0415 (slow, and few need it)

    try:
        with path.open("rb") as file:
            return decoding.count_pages(file)
    except Exception:
        return 1  # decoding tells why


def _absolute(path: Path) -> Path:
    """A path from the root, without `..` and with links as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (Path.absolute keeps `..`)


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
class _Collected:
    """The photographs, folders and failures that the inputs lead to.

    Attributes
    ----------
    output : Identity or None
        Of the output folder, which is passed over where it lies in an input or beside others.
    alone : bool
        Whether there is one argument.
    photographs : dict
        By absolute path, so that each is taken once.
    folders : set of Path
        The folders among the inputs, without links.
    failures : dict
        By the path that failed.
    passed_over : Counter of str
    """

    output: Identity | None
    alone: bool
    photographs: dict[Path, _Photograph] = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    failures: dict[str, Failure] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Follow an argument: a file, a folder, or, if neither has that name, a glob."""
        if not text:  # as a path, it would be the current folder
            self._fail("''", "there is no such file or folder")
            return
        named = Path(text)
        if os.path.lexists(text):
            places = {named: Path() if _is_folder(named) else Path(named.name)}
        else:
            before = _before_wildcards(named)
            places = {match: _below(match, before) for match in _matches(text, self.output)}
        for path, place in (places or {named: named}).items():
            several = not self.alone or len(places) > 1
            if several and _is_folder(path) and _identity(path) == self.output:
                self.passed_over[OUTPUT] += 1
            else:
                self._add(path, place)

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
                self.passed_over[kind] += 1
        for path in sorted(images):
            self._add(path, below / path.relative_to(folder))
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
    return ending or "without an ending"


def _before_wildcards(pattern: Path) -> Path:
    """The folder that a glob names before its first wildcard."""
    return Path(*takewhile(lambda part: not glob.has_magic(part), pattern.parts))


def _below(match: Path, folder: Path) -> Path:
    """The place of a glob's match below a folder; its name alone if `..` leads out of there."""
    below = match.relative_to(folder)
    return Path(match.name) if ".." in below.parts else below


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
    matches: set[Path] = set()
    for top in tops:
        below = (path for kind, path in _walk(top, output, lambda *_: None) if kind == FOLDER)
        for folder in (top, *below):
            matches.update(_matches(str(Path(glob.escape(str(folder)), *after)), output))
    return sorted(matches)


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
