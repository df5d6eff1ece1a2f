"""Labels of photographs: what is on each, from the annotations of MIRFLICKR-25000.

The publisher's archive has a text file for each label, with the number of a photograph in each
line: 123 stands for im123.jpg. `sky.txt` lists the photographs on which sky is visible,
`clouds_r1.txt` those whose subject are clouds. A zip or a folder of such files serves as well.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of_files
from colorization.core.records import MAX_COUNT, shortened
from colorization.core.settings import NONE, redact
from colorization.core.workspace import local_path
from colorization.sources import archives
from colorization.sources.remote import RemoteFile

MIRFLICKR25K = "mirflickr25k"
# Its publisher gives no checksum; `_check_publishers` compares its content.
ANNOTATIONS = RemoteFile(
    "http://press.liacs.nl/mirflickr/mirflickr25k.v3b/mirflickr25k_annotations_v080.zip"
)
# The sha256 of the photographs' numbers up to COMPARED by label, as `digest` writes them. From two
# public copies; no more photographs could be compared.
COMPARED = 17_000
ANNOTATIONS_SHA256 = "8c0f21d9fc4e84c4d26b21a1fb59a8588cfc00839eff1b74bac6c515b3cecc6f"

# Limits far above any real annotations: a hostile archive must not take much time or memory.
MAX_LABELS = 1000
MAX_BYTES = 1 << 26  # of all label files; enough for 300 labels of 25,000 photographs

LABEL = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")  # a name for tables and pages
NUMBER = re.compile(r"[0-9]{1,9}")

PhotographsByLabel = dict[str, frozenset[int]]  # numbers of photographs, by label


def fingerprint_labels(labels: str, hash_cache: Path) -> str:
    """Identify `download.labels`.

    Parameters
    ----------
    labels : str
    hash_cache : Path
        See `hashing.sha256_of_files`.

    Returns
    -------
    str
        The setting itself if it is a name, else the sha256 of the archive, or of the names and
        hashes of the folder's label files.

    Raises
    ------
    ColorizationError
        If the path does not exist, or contains no label files.
    """
    if labels in (NONE, MIRFLICKR25K):
        return labels
    path = _local(labels)
    if not path.is_dir():
        _label_files(path, archives.member_names(path))
        return sha256_of_files([path], hash_cache)[0]
    files = _label_files(path, _names_in(path))
    sums = sha256_of_files([path / name for name in files.values()], hash_cache)
    listing = "".join(f"{label} {sha256}\n" for label, sha256 in zip(files, sums, strict=True))
    return hashlib.sha256(listing.encode()).hexdigest()


def read_labels(labels: str, checkpoint_dir: Path) -> PhotographsByLabel:
    """Read the labels that `download.labels` names, after a download if it is a publisher's.

    Parameters
    ----------
    labels : str
    checkpoint_dir : Path
        For an interrupted download.

    Returns
    -------
    dict of str to frozenset of int
        The numbers of the photographs by label, sorted by label; empty for "none".

    Raises
    ------
    ColorizationError
        If the files cannot be downloaded or read, or one is no list of numbers.
    """
    if labels == NONE:
        return {}
    if labels == MIRFLICKR25K:
        from colorization.sources.downloads import downloaded  # noqa: PLC0415 (slow to import)

        with downloaded(ANNOTATIONS, checkpoint_dir) as archive:
            content = _read(archive)
            _check_publishers(content)
            return content
    return _read(_local(labels))


def digest(labels: Mapping[str, frozenset[int]], last: int) -> str:
    """Hash the photographs of each label, up to the number `last`.

    Returns
    -------
    str
        The sha256 of a line for each label, sorted: its name, and the numbers in ascending order,
        separated by spaces.
    """
    lines = (
        " ".join([label, *(str(number) for number in sorted(labels[label]) if number <= last)])
        for label in sorted(labels)
    )
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _check_publishers(labels: PhotographsByLabel) -> None:
    if (sha256 := digest(labels, COMPARED)) != ANNOTATIONS_SHA256:
        raise ColorizationError(
            f"{ANNOTATIONS.redacted}: not the annotations of MIRFLICKR-25000: for the first "
            f"{COMPARED:,} photographs expected a sha256 of {ANNOTATIONS_SHA256}, found {sha256}; "
            "to use it nevertheless, download it yourself and give its path"
        )


def _local(labels: str) -> Path:
    path = local_path(labels)
    if not path.exists():
        raise ColorizationError(
            f"download.labels must be {NONE}, {MIRFLICKR25K}, or the path of a zip or a folder; "
            f"found {redact(labels)!r}, which does not exist"
        )
    if not path.is_dir() and not (path.is_file() and zipfile.is_zipfile(path)):
        raise ColorizationError(f"download.labels: {labels} is neither a zip nor a folder")
    return path


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file()]


def _label_files(path: Path, names: list[str]) -> dict[str, str]:
    """The names of the label files, by label, sorted; folders, hidden files, a README are none."""
    files: dict[str, str] = {}
    for name in sorted(names):
        parts = PurePosixPath(name).parts
        hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
        file = PurePosixPath(name)
        is_label = file.suffix.lower() == ".txt" and file.stem.lower() != "readme"
        if hidden or name.endswith("/") or not is_label:
            continue
        if not LABEL.fullmatch(file.stem):
            raise ColorizationError(
                f"{path}: {shortened(name)} is no name of a label, up to 50 lowercase letters, "
                "digits and underscores and .txt"
            )
        if file.stem in files:
            raise ColorizationError(
                f"{path}: {shortened(files[file.stem])} and {shortened(name)} are the same label"
            )
        files[file.stem] = name
    if not files:
        raise ColorizationError(f"{path}: contains no labels (text files, such as sky.txt)")
    if len(files) > MAX_LABELS:
        raise ColorizationError(f"{path}: {len(files):,} labels, more than {MAX_LABELS:,}")
    return dict(sorted(files.items()))


def _read(path: Path) -> PhotographsByLabel:
    """Read the label files of a zip or a folder."""
    names = _names_in(path) if path.is_dir() else archives.member_names(path)
    labels, left = {}, MAX_BYTES
    for label, name in _label_files(path, names).items():
        where = f"{path}: {shortened(name)}"
        try:
            content = _content(path, name)
        except ColorizationError as error:
            raise ColorizationError(f"{where}: {error}") from error
        left -= len(content)
        if left < 0:
            raise ColorizationError(f"{path}: labels of more than {MAX_BYTES:,} bytes")
        labels[label] = frozenset(_numbers(where, content))
    return labels


def _content(path: Path, name: str) -> bytes:
    if not path.is_dir():
        return archives.read_member(path, name)
    with (path / name).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _numbers(where: str, content: bytes) -> Iterator[int]:
    lines = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", "backslashreplace")
    for index, line in enumerate(lines, start=1):  # a list of millions would take much memory
        if index > MAX_COUNT:
            raise ColorizationError(f"{where}: more than {MAX_COUNT:,} lines")
        text = line.strip()
        if not text:
            continue
        if not NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_COUNT:
            raise ColorizationError(
                f"{where}, line {index}: must be the number of a photograph, 1 to {MAX_COUNT:,}; "
                f"found {shortened(text)}"
            )
        yield int(text)
