"""One zip holds the raw data, whatever it came as and however damaged it is."""

import shutil
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from colorization.core.errors import ColorizationError
from colorization.sources import archives
from samples import encoded, pack, scene


@pytest.mark.parametrize(
    ("name", "is_image"),
    [
        ("a.jpg", True),
        ("A.JPEG", True),
        ("folder/ä photo, with spaces.png", True),
        ("./photos/a.tiff", True),
        ("../a.webp", True),
        (".a.jpg", False),
        (".git/a.jpg", False),
        ("photos/.thumbnails/a.jpg", False),
        ("__MACOSX/photos/._a.jpg", False),
        ("__MACOSX/a.jpg", False),
        ("a.txt", False),
        ("jpg", False),
        ("a.jpg/", False),
    ],
)
def test_hidden_and_system_files_are_not_images(name: str, is_image: bool) -> None:
    assert archives.is_image_name(name) == is_image


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    members = {"b/ä.jpg": b"one", "a b.jpg": b"two"}
    first, second = (pack(tmp_path / name, members) for name in ("first.zip", "second.zip"))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as file:
        assert {name: file.read(name) for name in file.namelist()} == members
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_names_are_sorted_and_unique(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("b.jpg", "readme.txt", "a.jpg"):
            file.writestr(name, name)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("b.jpg", "again")
    assert archives.image_names(archive) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_does_not_affect_others(tmp_path: Path, method: int) -> None:
    archive = tmp_path / "a.zip"
    contents = {f"{index}.bmp": encoded(scene(index), "BMP") for index in range(3)}
    with zipfile.ZipFile(archive, "w", method) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    data = bytearray(archive.read_bytes())
    middle = data.index(b"1.bmp") + 200
    data[middle : middle + 300] = bytes(byte ^ 0x5A for byte in data[middle : middle + 300])
    archive.write_bytes(data)
    with pytest.raises(ColorizationError, match=r"^damaged in the archive$"):
        archives.read_member(archive, "1.bmp")
    for name in ("0.bmp", "2.bmp"):
        assert archives.read_member(archive, name) == contents[name]


def test_a_replaced_archive_is_reopened(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a.jpg": b"one"})
    assert archives.read_member(archive, "a.jpg") == b"one"
    pack(archive, {"a.jpg": b"two"})
    assert archives.read_member(archive, "a.jpg") == b"two"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_too_large_member_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: int
) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", method) as file:
        file.writestr("bomb.png", bytes(2_000_000))
        file.writestr("fine.png", bytes(1_000_000))
    monkeypatch.setattr(archives, "MAX_BYTES", 1_000_000)
    assert len(archives.read_member(archive, "fine.png")) == 1_000_000
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("read"))
    with pytest.raises(ColorizationError, match=r"^2,000,000 bytes, more than 1,000,000$"):
        archives.read_member(archive, "bomb.png")


def test_a_member_is_not_read_beyond_its_declared_size(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.png", bytes(5_000_000))
    data = archive.read_bytes()
    archive.write_bytes(data.replace((5_000_000).to_bytes(4, "little"), (99).to_bytes(4, "little")))
    tracemalloc.start()
    with pytest.raises(ColorizationError, match="damaged in the archive"):
        archives.read_member(archive, "bomb.png")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(tmp_path: Path, method: int) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", method) as file:
        file.writestr("a.png", b"content")
    with pytest.raises(ColorizationError, match="other than deflate"):
        archives.read_member(archive, "a.png")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a.jpg": b"content"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1  # APPNOTE 4.4.4: bit 0 of the flags, in the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the central directory
    archive.write_bytes(data)
    with pytest.raises(ColorizationError, match=r"^encrypted$"):
        archives.read_member(archive, "a.jpg")


def test_a_damaged_zip_is_refused_in_one_line(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a.jpg": b"content" * 100, "b.jpg": b"content" * 100})
    whole = archive.read_bytes()
    directory = whole.index(b"PK\x01\x02")
    for damaged in (b"", whole[:100], whole[:-30], whole[:directory] + whole[directory + 40 :]):
        archive.write_bytes(damaged)
        with pytest.raises(ColorizationError, match="damaged zip archive") as caught:
            archives.image_names(archive)
        assert "\n" not in str(caught.value)


def test_a_damaged_zip_is_read_or_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a.jpg": b"content" * 9, "ä.jpg": b"content" * 9})
    whole = archive.read_bytes()
    refused = 0
    for position in range(whole.index(b"PK\x01\x02"), len(whole)):
        for change in (0x01, 0x40, 0xFF):
            damaged = bytearray(whole)
            damaged[position] ^= change
            archive.write_bytes(damaged)
            try:
                for name in archives.image_names(archive):
                    archives.read_member(archive, name)
            except ColorizationError:
                refused += 1
    assert refused > 0


def test_a_zip_without_images_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    for members in ({}, {"readme.txt": b"text"}, {"__MACOSX/._a.jpg": b"system"}):
        pack(archive, members)
        with pytest.raises(
            ColorizationError, match=r"a\.zip: contains no images \(\.avif, \.bmp, "
        ):
            archives.image_names(archive)


def test_a_folder_is_read_in_sorted_order_with_forward_slashes(tmp_path: Path) -> None:
    for name in ("b/c.jpg", "b/a.jpg", "a/ü x.jpg", ".cache/a.jpg", "__MACOSX/a.jpg", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    members = [
        (name, size, content.read()) for name, size, content in archives.folder_members(tmp_path)
    ]
    assert members == [
        (name, len(name.encode()), name.encode()) for name in ("a/ü x.jpg", "b/a.jpg", "b/c.jpg")
    ]
    shutil.rmtree(tmp_path / "b")
    assert archives.folder_image_names(tmp_path) == ["a/ü x.jpg"]
