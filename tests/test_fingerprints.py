"""A local input is identified by its content, and read again only if it may have changed."""

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
def hash_cache(tmp_path: Path) -> Path:
    return tmp_path / "tmp" / "hashes.json"


def test_hashes_are_sha256(folder: Path, hash_cache: Path) -> None:
    paths = [folder / "b" / "ü.jpg", folder / "a.jpg"]
    expected = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert sha256_of_files(paths, hash_cache) == expected
    assert sha256_of_files(paths, hash_cache) == expected


def test_a_changed_file_changes_the_fingerprint_of_its_folder(
    folder: Path, hash_cache: Path
) -> None:
    distinct = {fingerprint_source(str(folder), hash_cache)}
    for change in (
        lambda: (folder / "a.jpg").write_bytes(b"other"),
        lambda: (folder / "a.jpg").rename(folder / "c.jpg"),
        lambda: (folder / "c.jpg").rename(folder / "b" / "c.jpg"),
        lambda: (folder / "d.jpg").write_bytes(b"new"),
        (folder / "b" / "ü.jpg").unlink,
    ):
        change()
        distinct.add(fingerprint_source(str(folder), hash_cache))
    assert len(distinct) == 6


def test_other_files_and_the_folders_path_do_not_matter(folder: Path, hash_cache: Path) -> None:
    before = fingerprint_source(str(folder), hash_cache)
    (folder / "note.txt").write_text("changed")
    (folder / ".hidden.jpg").write_text("new")
    (folder / "a.jpg").touch()
    assert fingerprint_source(str(folder), hash_cache) == before
    moved = folder.rename(folder.parent / "moved")
    assert fingerprint_source(str(moved), hash_cache) == before


def test_an_unchanged_file_is_not_read_again(
    folder: Path, hash_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint_source(str(folder), hash_cache)
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert fingerprint_source(str(folder), hash_cache) == before


def test_changed_content_is_detected_despite_equal_size_and_time(
    folder: Path, hash_cache: Path
) -> None:
    path = folder / "a.jpg"
    before = fingerprint_source(str(folder), hash_cache)
    status = path.stat()
    path.write_bytes(b"A.JPG")  # as `exiftool -P` and `jhead -ft` do
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fingerprint_source(str(folder), hash_cache) != before


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"a": 1}', "null", "\0" * 20])
def test_a_damaged_hash_cache_is_rebuilt(folder: Path, hash_cache: Path, content: str) -> None:
    before = fingerprint_source(str(folder), hash_cache)
    entries = json.loads(hash_cache.read_text())
    hash_cache.write_text(content or json.dumps({key: [] for key in entries}))
    assert fingerprint_source(str(folder), hash_cache) == before


def test_an_archive_is_its_sha256_and_scenes_are_a_name(tmp_path: Path, hash_cache: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a.jpg": b"content"})
    expected = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert fingerprint_source(str(archive), hash_cache) == expected
    assert fingerprint_source("scenes", hash_cache) == "scenes"


def test_weights_are_a_name_or_the_content_of_a_file(tmp_path: Path, hash_cache: Path) -> None:
    for word in ("random", "imagenet"):
        assert fingerprint_weights(word, "embed.weights", hash_cache) == word
    path = tmp_path / "a.weights.h5"
    path.write_bytes(b"weights")
    expected = hashlib.sha256(b"weights").hexdigest()
    assert fingerprint_weights(str(path), "embed.weights", hash_cache) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.h5", "random, imagenet, or the path of a weights file; found '.*none.h5', which"),
        ("", "random, imagenet, or the path of a weights file"),
        ("photos.zip", "must be a weights file of Keras, ending in .h5"),
    ],
)
def test_invalid_weights_are_refused(
    tmp_path: Path, hash_cache: Path, name: str, message: str
) -> None:
    (tmp_path / "photos.zip").write_bytes(b"x")
    with pytest.raises(ColorizationError, match=f"^embed.weights.*{message}"):
        fingerprint_weights(str(tmp_path / name), "embed.weights", hash_cache)
