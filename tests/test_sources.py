"""Whatever `download.source` names becomes one zip."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from colorization import archives, sources
from colorization.errors import ColorizationError
from colorization.params import Download
from samples import PARAMS, encoded, scene

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


def fetch(source: object, out: Path) -> dict[str, bytes | None]:
    """The images that the project has after fetching a source."""
    settings = PARAMS.download.model_copy(update={"source": str(source)})
    sources.fetch(settings, out)
    names = archives.image_names(out)
    return dict(zip(names, archives.read_members(out, names), strict=True))


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


def test_a_folder_is_packed_to_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
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


def test_a_file_name_that_is_no_unicode_does_not_cost_the_image(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg"))).write_bytes(b"latin 1")
    (folder / "a.jpg").write_bytes(b"ascii")
    assert sorted(filter(None, fetch(folder, tmp_path / "raw.zip").values())) == [
        b"ascii",
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


def test_a_tar_damaged_inside_is_refused(tmp_path: Path) -> None:
    source = tar_of_images(tmp_path / "photos.tgz", "w:gz", NAMES)
    whole = source.read_bytes()
    for position in range(len(whole) // 4, len(whole) - 100, 500):
        damaged = bytearray(whole)
        damaged[position : position + 3] = b"\xff" * 3  # gzip's CRC is behind it all
        source.write_bytes(damaged)
        assert "damaged tar archive" in refusal(source, tmp_path / "raw.zip")


@pytest.mark.parametrize("kind", ["missing", "text", "image", "folder", "zip", "tar", "cut zip"])
def test_a_source_without_images_is_refused_in_one_line_that_names_it(
    tmp_path: Path, kind: str
) -> None:
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
        archives.write_zip([(name, b"text" * 99) for name in (*IGNORED, "a.txt")], source)
        if kind == "cut zip":
            source.write_bytes(source.read_bytes()[:-100])
    message = refusal(source, tmp_path / "raw.zip")
    assert "photos" in message
    assert message.startswith("download.source") or "holds no images" in message


def test_a_tar_without_images_leaves_no_zip(tmp_path: Path) -> None:
    source = tar_of_images(tmp_path / "photos.tar", "w", IGNORED)
    assert "holds no images" in refusal(source, tmp_path / "raw.zip")


def test_a_wrong_source_is_told_the_choices(tmp_path: Path) -> None:
    message = refusal("scene", tmp_path / "raw.zip")
    assert message == (
        "download.source must be scenes, or the path of a zip, a tar or a folder; "
        "found 'scene', which does not exist"
    )


def test_scenes_are_drawn_into_a_zip(tmp_path: Path) -> None:
    few = PARAMS.download.scenes.model_copy(update={"count": 3, "width": 40, "height": 32})
    sources.fetch(Download(source="scenes", scenes=few), tmp_path / "raw.zip")
    assert archives.image_names(tmp_path / "raw.zip") == [f"scene0000{i}.jpg" for i in range(3)]
