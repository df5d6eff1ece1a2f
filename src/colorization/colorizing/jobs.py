"""Which photographs `colorize` takes, and where each result goes."""

import glob
from dataclasses import dataclass
from pathlib import Path

from colorization.colorizing.originals import FORMATS
from colorization.core.errors import ColorizationError
from colorization.sources import archives


@dataclass(frozen=True)
class Job:
    """One photograph, and where it goes."""

    input: Path
    output: Path


@dataclass(frozen=True)
class Failure:
    """A photograph that was not colorized, and why; `began` tells that its turn had come."""

    input: str
    reason: str
    began: bool = True


def plan(
    inputs: list[str], output: Path, ending: str | None, overwrite: bool
) -> tuple[list[Job], list[Failure]]:
    """Find the photographs, and give each its place in the output folder.

    Parameters
    ----------
    inputs : list of str
        Files, folders (with all below them) and globs. What lies in a folder keeps its place below
        it; a file goes right into the output folder.
    output : Path
    ending : str or None
        Of all results, with its dot; None keeps each input's, or takes .png where it cannot be
        written.
    overwrite : bool
        Whether a result that is there may be replaced.

    Returns
    -------
    list of Job, list of Failure

    Raises
    ------
    ColorizationError
        If the output is a file.
    """
    if output.exists() and not output.is_dir():
        raise ColorizationError(f"--output: {output} is a file, not a folder")
    jobs: list[Job] = []
    failures: list[Failure] = []
    taken: dict[Path, Path] = {}
    for path, below in _found(inputs, failures):
        kept = path.suffix if path.suffix.lower() in FORMATS else ".png"
        out = output / below.with_suffix(ending or kept)
        if out.resolve() == path.resolve():
            reason = "its result would replace it; choose another --output"
        elif out in taken:
            reason = f"its result has the same name as that of {taken[out]}"
        elif out.exists() and not overwrite:
            reason = f"{out} is there already; --overwrite replaces it"
        else:
            taken[out] = path
            jobs.append(Job(path, out))
            continue
        failures.append(Failure(str(path), reason, began=False))
    return jobs, failures


def _found(inputs: list[str], failures: list[Failure]) -> list[tuple[Path, Path]]:
    """Each photograph once, and its place below the output folder."""
    found: dict[Path, Path] = {}
    for text in inputs:
        # Path.glob knows no absolute patterns.
        matches = glob.glob(text, recursive=True)  # noqa: PTH207
        paths = [Path(text)] if Path(text).exists() else sorted(map(Path, matches))
        if not paths:
            failures.append(Failure(text, "there is no such file or folder", began=False))
        for path in paths:
            if not path.is_dir():
                found.setdefault(path, Path(path.name))
                continue
            try:
                names = archives.folder_image_names(path)
            except ColorizationError as error:
                failures.append(Failure(str(path), str(error), began=False))
                continue
            if not names:
                failures.append(Failure(str(path), "a folder without images", began=False))
            for name in names:
                found.setdefault(path / name, Path(name))
    return list(found.items())
