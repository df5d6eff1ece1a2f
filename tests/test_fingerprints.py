"""A local input counts by its content, and is read again only when it may have changed."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from colorization.backbones.weights import fingerprint_weights
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of_files
from colorization.sources.fingerprints import fingerprint_source
from samples import pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    for name in ("a.jpg", "b/ü.jpg", "note.txt"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "tmp" / "memory.json"


def test_sums_are_those_of_sha256(folder: Path, memory: Path) -> None:
    paths = [folder / "b" / "ü.jpg", folder / "a.jpg"]
    expected = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert sha256_of_files(paths, memory) == expected
    assert sha256_of_files(paths, memory) == expected


def test_a_changed_file_changes_the_fingerprint_of_its_folder(folder: Path, memory: Path) -> None:
    seen = {fingerprint_source(str(folder), memory)}
    for change in (
        lambda: (folder / "a.jpg").write_bytes(b"other"),
        lambda: (folder / "a.jpg").rename(folder / "c.jpg"),
        lambda: (folder / "c.jpg").rename(folder / "b" / "c.jpg"),
        lambda: (folder / "d.jpg").write_bytes(b"new"),
        (folder / "b" / "ü.jpg").unlink,
    ):
        change()
        seen.add(fingerprint_source(str(folder), memory))
    assert len(seen) == 6


def test_what_is_no_image_and_where_the_folder_lies_do_not_count(
    folder: Path, memory: Path
) -> None:
    before = fingerprint_source(str(folder), memory)
    (folder / "note.txt").write_text("changed")
    (folder / ".hidden.jpg").write_text("new")
    (folder / "a.jpg").touch()
    assert fingerprint_source(str(folder), memory) == before
    moved = folder.rename(folder.parent / "moved")
    assert fingerprint_source(str(moved), memory) == before


def test_an_unchanged_file_is_not_read_again(
    folder: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint_source(str(folder), memory)
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert fingerprint_source(str(folder), memory) == before


def test_content_counts_even_when_length_and_time_are_put_back(folder: Path, memory: Path) -> None:
    path = folder / "a.jpg"
    before = fingerprint_source(str(folder), memory)
    status = path.stat()
    path.write_bytes(b"A.JPG")  # as `exiftool -P` and `jhead -ft` do
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fingerprint_source(str(folder), memory) != before


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"a": 1}', "null", "\0" * 20])
def test_a_damaged_memory_is_made_anew(folder: Path, memory: Path, content: str) -> None:
    before = fingerprint_source(str(folder), memory)
    entries = json.loads(memory.read_text())
    memory.write_text(content or json.dumps({key: [] for key in entries}))
    assert fingerprint_source(str(folder), memory) == before


def test_an_archive_is_its_sha256_and_scenes_are_a_name(tmp_path: Path, memory: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a.jpg": b"content"})
    expected = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert fingerprint_source(str(archive), memory) == expected
    assert fingerprint_source("scenes", memory) == "scenes"


def test_weights_are_a_word_or_the_content_of_a_file(tmp_path: Path, memory: Path) -> None:
    for word in ("random", "imagenet"):
        assert fingerprint_weights(word, "embed.weights", memory) == word
    path = tmp_path / "a.weights.h5"
    path.write_bytes(b"weights")
    expected = hashlib.sha256(b"weights").hexdigest()
    assert fingerprint_weights(str(path), "embed.weights", memory) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.h5", "random, imagenet, or the path of a weights file; found '.*none.h5', which"),
        ("", "random, imagenet, or the path of a weights file"),
        ("photos.zip", "must be a file that Keras wrote, ending in .h5"),
    ],
)
def test_weights_that_cannot_be_are_refused(
    tmp_path: Path, memory: Path, name: str, message: str
) -> None:
    (tmp_path / "photos.zip").write_bytes(b"x")
    with pytest.raises(ColorizationError, match=f"^embed.weights.*{message}"):
        fingerprint_weights(str(tmp_path / name), "embed.weights", memory)
