"""Whatever `download.source` names becomes one zip."""

import dataclasses
import hashlib
import io
import os
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from colorization.core.errors import ColorizationError
from colorization.core.settings import Download
from colorization.sources import archives, downloads, fetching, fingerprints
from samples import PARAMS, encoded, pack, scene
from web import Site, serve

NAMES = ["a b/ü.jpg", "deep/er/c.png", "x.jpg"]
IGNORED = [".hidden.jpg", "__MACOSX/._x.jpg", "readme.txt"]


def content(name: str) -> bytes:
    """What the tests' archives hold under a name: does not compress."""
    return encoded(scene(len(name)), "JPEG" if name.endswith("jpg") else "PNG")


def folder_of_images(root: Path) -> Path:
    """A folder with the images and the files that do not count."""
    for name in (*NAMES, *IGNORED):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content(name))
    return root


def tar_of_images(path: Path, mode: str, names: list[str]) -> Path:
    """A tar with the named members, in this order."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(content(name))
            tar.addfile(info, io.BytesIO(content(name)))
    return path


def fetch(source: object, out: Path) -> dict[str, bytes]:
    """The images that the project has after fetching a source."""
    settings = PARAMS.download.model_copy(update={"source": str(source)})
    fetching.fetch(settings, out, out.parent / "unfinished")
    return {name: archives.read_member(out, name) for name in archives.image_names(out)}


def refusal(source: object, out: Path) -> str:
    """The one line by which a source is refused, after which nothing lies at `out`."""
    with pytest.raises(ColorizationError) as caught:
        fetch(source, out)
    assert list(out.parent.glob(f"*{out.name}*")) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


EXPECTED = {name: content(name) for name in NAMES}


def test_a_zip_is_copied_byte_for_byte(tmp_path: Path) -> None:
    source = tmp_path / "photos.zip"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as file:
        file.comment = b"kept"
        for name in (*NAMES, *IGNORED):
            file.writestr(name, content(name))
    assert fetch(source, tmp_path / "raw.zip") == EXPECTED
    assert (tmp_path / "raw.zip").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_tar_is_packed(tmp_path: Path, mode: str) -> None:
    source = tar_of_images(tmp_path / "photos.tar", mode, [*NAMES, *IGNORED])
    assert fetch(source, tmp_path / "raw.zip") == EXPECTED


def test_packing_a_folder_is_independent_of_its_path(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder_of_images(tmp_path / name)
        assert fetch(tmp_path / name, tmp_path / f"{name}.zip") == EXPECTED
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_home_folder_may_be_written_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder_of_images(tmp_path / "photos")
    assert fetch("~/photos", tmp_path / "raw.zip") == EXPECTED


def test_a_file_name_that_is_not_unicode_is_packed(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in (b"/caf\xe9.jpg", b"/caf\xe8.jpg"):
        Path(os.fsdecode(os.fsencode(folder) + name)).write_bytes(b"latin 1")
    (folder / "a.jpg").write_bytes(b"ascii")
    assert sorted(fetch(folder, tmp_path / "raw.zip").values()) == [
        b"ascii",
        b"latin 1",
        b"latin 1",
    ]


def test_no_path_in_an_archive_escapes(tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    names = ["../../evil.jpg", "/evil.jpg", str(tmp_path / "evil.jpg"), "fine.jpg"]
    source = tar_of_images(tmp_path / "photos.tar", "w", names)
    assert "fine.jpg" in fetch(source, inside / "raw.zip")
    assert not list(tmp_path.rglob("evil.jpg"))
    assert not Path("/evil.jpg").exists()


def test_links_and_folders_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"secret")
    source = tmp_path / "photos.tar"
    with tarfile.open(source, "w") as tar:
        for name, kind in (("link.jpg", tarfile.SYMTYPE), ("hard.jpg", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(secret)
            tar.addfile(info)
        folder = tarfile.TarInfo("folder.jpg")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        info = tarfile.TarInfo("a.jpg")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"fine"))
    assert fetch(source, tmp_path / "raw.zip") == {"a.jpg": b"fine"}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_truncated_tar_is_refused(tmp_path: Path, mode: str) -> None:
    whole = tar_of_images(tmp_path / "whole.tar", mode, NAMES).read_bytes()
    source = tmp_path / "photos.tar"
    end = len(whole.rstrip(b"\0"))  # what follows are blocks of zeros, which may be missing
    for kept in (0, 5, 20, 300, end // 3, end // 2):
        source.write_bytes(whole[:kept])
        message = refusal(source, tmp_path / "raw.zip")
        assert "photos.tar" in message
        assert "neither a zip, a tar nor a folder" in message or "damaged tar archive" in message


def test_a_damaged_header_is_not_the_end_of_a_tar(tmp_path: Path) -> None:
    names = [f"{letter}.jpg" for letter in "abcde"]
    source = tar_of_images(tmp_path / "photos.tar", "w", names)
    whole = source.read_bytes()
    with tarfile.open(source) as tar:
        headers = [member.offset for member in tar]
    for header in headers[1:]:
        for damaged in (
            whole[: header + 30] + b"\xff" + whole[header + 31 :],
            whole[: header + 200],
        ):
            source.write_bytes(damaged)
            message = refusal(source, tmp_path / "raw.zip")
            assert f"damaged header at byte {header:,}" in message


def test_a_tar_that_ends_in_a_zip_is_a_tar(tmp_path: Path) -> None:
    inner = pack(tmp_path / "inner.zip", {"other.jpg": b"x"}).read_bytes()
    source = tmp_path / "photos.tar"
    with tarfile.open(source, "w") as tar:
        for name, data in (("x.jpg", content("x.jpg")), ("inner.zip", inner)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert list(fetch(source, tmp_path / "raw.zip")) == ["x.jpg"]


def test_entries_that_are_not_files_are_ignored(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "nowhere.jpg").symlink_to("missing")
    os.mkfifo(folder / "pipe.jpg")
    assert fetch(folder, tmp_path / "raw.zip") == {"a.jpg": b"a"}


def test_the_home_of_an_unknown_user_is_missing(tmp_path: Path) -> None:
    assert "which does not exist" in refusal("~nosuchuser/x.zip", tmp_path / "raw.zip")


def test_a_tar_damaged_inside_is_refused(tmp_path: Path) -> None:
    source = tar_of_images(tmp_path / "photos.tgz", "w:gz", NAMES)
    whole = source.read_bytes()
    for position in range(len(whole) // 4, len(whole) - 100, 500):
        damaged = bytearray(whole)
        damaged[position : position + 3] = b"\xff" * 3  # gzip's CRC is behind it all
        source.write_bytes(damaged)
        assert "damaged tar archive" in refusal(source, tmp_path / "raw.zip")


@pytest.mark.parametrize("kind", ["missing", "text", "image", "folder", "zip", "tar", "cut zip"])
def test_a_source_without_images_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "photos"
    if kind == "text":
        source.write_text("a letter")
    elif kind == "image":
        source.write_bytes(encoded(scene(1), "JPEG"))
    elif kind == "folder":
        source.mkdir()
        (source / ".hidden.jpg").write_bytes(b"x")
    elif kind == "tar":
        tar_of_images(source, "w", IGNORED)
    elif kind.endswith("zip"):
        pack(source, dict.fromkeys((*IGNORED, "a.txt"), b"text" * 99))
        if kind == "cut zip":
            source.write_bytes(source.read_bytes()[:-100])
    message = refusal(source, tmp_path / "raw.zip")
    assert "photos" in message
    assert message.startswith(
        ("download.source", f"{source}: contains no images", f"{source}: damaged zip archive")
    )


def test_a_tar_without_images_leaves_no_zip(tmp_path: Path) -> None:
    source = tar_of_images(tmp_path / "photos.tar", "w", IGNORED)
    assert "contains no images" in refusal(source, tmp_path / "raw.zip")


def test_an_invalid_source_is_refused_with_the_choices(tmp_path: Path) -> None:
    message = refusal("scene", tmp_path / "raw.zip")
    assert message == (
        "download.source must be scenes, mirflickr25k, bsds500, an http(s) URL, or the path of a "
        "zip, a tar or a folder; found 'scene', which does not exist"
    )


def test_scenes_are_drawn_into_a_zip(tmp_path: Path) -> None:
    few = PARAMS.download.scenes.model_copy(update={"count": 3, "width": 40, "height": 32})
    settings = Download(source="scenes", labels="none", scenes=few)
    fetching.fetch(settings, tmp_path / "raw.zip", tmp_path / "unfinished")
    assert archives.image_names(tmp_path / "raw.zip") == [f"scene0000{i}.jpg" for i in range(3)]


def photos_zip() -> bytes:
    """A zip of the tests' images, as a server has it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in (*NAMES, *IGNORED):
            file.writestr(name, EXPECTED.get(name, b"text"))
    return content.getvalue()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(downloads, "BACKOFF", 0.0)
    with serve(Site(photos_zip())) as served:
        yield served


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_url_is_downloaded_and_its_checksum_verified(
    tmp_path: Path, site: Site, algorithm: str
) -> None:
    checksum = hashlib.new(algorithm, site.content).hexdigest()
    site.cuts = [len(site.content) // 2]
    assert fetch(f"{site.url()}#{algorithm}={checksum}", tmp_path / "raw.zip") == EXPECTED
    assert (tmp_path / "raw.zip").read_bytes() == site.content
    wrong = checksum[::-1]
    message = refusal(f"{site.url()}#{algorithm}={wrong}", tmp_path / "other.zip")
    assert f"expected {wrong}, found {checksum}" in message


def test_a_tar_from_a_url_is_packed(tmp_path: Path, site: Site) -> None:
    site.content = tar_of_images(tmp_path / "a.tgz", "w:gz", [*NAMES, *IGNORED]).read_bytes()
    assert fetch(site.url("a.tgz"), tmp_path / "raw.zip") == EXPECTED
    assert list((tmp_path / "unfinished").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Please log in", "is neither a zip nor a tar archive"),
        (photos_zip()[:-40], r"damaged zip archive \(File is not a zip file\)"),
        (b"", "is neither a zip nor a tar archive"),
    ],
)
def test_a_download_that_is_not_an_archive_is_refused_and_deleted(
    tmp_path: Path, site: Site, content: bytes, message: str
) -> None:
    site.content = content
    assert re.fullmatch(f"{site.url()}: {message}", refusal(site.url(), tmp_path / "raw.zip"))
    assert list((tmp_path / "unfinished").iterdir()) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("https://", "'https://' has no host"),
        ("https://a:b/c", "'https://a:b/c' has no host"),
        ("https://a b/c", "'https://a b/c' has no host"),
        ("https://[", r"'https://\[' has no host"),
        ("https://a/b.zip#sha256=12", "a URL may end in #md5=.*; found '#sha256=12'"),
        ("https://a/b.zip#crc32=12345678", "found '#crc32=12345678'"),
        ("https://a/b.zip#md5=" + "g" * 32, "found '#md5=gggg"),
    ],
)
def test_an_invalid_url_is_refused_without_a_request(source: str, message: str) -> None:
    with pytest.raises(ColorizationError, match=f"^download.source: .*{message}"):
        fingerprints.fingerprint_source(source, Path("unused"))


def test_a_url_is_identified_by_its_text(tmp_path: Path) -> None:
    url = "https://example.org/a.zip"
    assert fingerprints.fingerprint_source(url, tmp_path / "memory.json") == url
    assert fingerprints.fingerprint_source("mirflickr25k", tmp_path / "m.json") == "mirflickr25k"


def test_mirflickr_is_verified_by_the_publishers_length_and_checksum(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = dataclasses.replace(fetching.MIRFLICKR25K, url=site.url())
    monkeypatch.setattr(fetching, "MIRFLICKR25K", remote)
    message = refusal("mirflickr25k", tmp_path / "raw.zip")
    assert "expected 3,069,184,257 bytes; the server has " in message
    remote = dataclasses.replace(remote, length=len(site.content))
    monkeypatch.setattr(fetching, "MIRFLICKR25K", remote)
    assert "wrong md5: expected a23d0a8564ee84cda5622a6c2f947785" in refusal(
        "mirflickr25k", tmp_path / "raw.zip"
    )
    md5 = hashlib.md5(site.content, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(fetching, "MIRFLICKR25K", dataclasses.replace(remote, checksum=md5))
    assert fetch("mirflickr25k", tmp_path / "raw.zip") == EXPECTED


def test_bsds500_is_verified_by_its_images(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fetching, "BSDS500", dataclasses.replace(fetching.BSDS500, url=site.url("BSDS500.zip"))
    )
    message = refusal("bsds500", tmp_path / "raw.zip")
    assert "not the images of BSDS500: expected 500 with a combined sha256 of a7c539b6" in message
    images = {f"train/{name}.jpg": encoded(scene(index)) for index, name in enumerate("ab")}
    members = {f"BSDS500-1234/BSDS500/data/images/{name}": c for name, c in images.items()}
    members["BSDS500-1234/documentation/figure.png"] = encoded(scene(9))
    members["BSDS500-1234/BSDS500/data/images/train/Thumbs.db"] = b"system"
    site.content = pack(tmp_path / "github.zip", members).read_bytes()
    sums = sorted(hashlib.sha256(content).hexdigest() for content in images.values())
    expected = hashlib.sha256("".join(sums).encode()).hexdigest()
    assert f"found 2 with {expected}" in refusal("bsds500", tmp_path / "raw.zip")
    monkeypatch.setattr(fetching, "BSDS500_SHA256", expected)
    assert fetch("bsds500", tmp_path / "raw.zip") == images
