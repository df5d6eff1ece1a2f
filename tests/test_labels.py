"""Labels: read from untrusted archives, joined with photographs, and the colors they stand for."""

import dataclasses
import re
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.core.errors import ColorizationError
from colorization.core.tables import read_table, write_table
from colorization.labels import reading
from colorization.labels.reading import fingerprint_labels, read_labels
from colorization.labels.subsets import (
    NATURE,
    NATURE_ONLY,
    OBJECTS,
    OBJECTS_ONLY,
    VEGETATION,
    join,
    mean_colors,
    subsets,
)
from colorization.study.labels import mse_of_color
from samples import pack
from web import Site, serve

# As the publisher's: a number a line, some with the line ends of Windows, and a README.
FILES = {
    "a/README.txt": b"Annotations of the photographs im1.jpg to im25000.jpg",
    "a/sky.txt": b"1\r\n3\r\n12\r\n",
    "a/sky_r1.txt": b"3\n",
    "a/car.txt": b"\xef\xbb\xbf2\n\n 3 \n",
    "a/food.txt": b"",
    "a/old.txt/": b"",
    "__MACOSX/a/._sky.txt": b"\0\5\x16\7",
    "a/.DS_Store": b"Bud1",
    "a/list.csv": b"x",
}
LABELS = {
    "car": frozenset({2, 3}),
    "food": frozenset(),
    "sky": frozenset({1, 3, 12}),
    "sky_r1": frozenset({3}),
}


def read(path: Path) -> reading.PhotographsByLabel:
    return read_labels(str(path), path.parent / "downloads")


def refusal(path: Path) -> str:
    with pytest.raises(ColorizationError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(str(path), "PATH")


def folder(root: Path, files: dict[str, bytes]) -> Path:
    root.mkdir(exist_ok=True)
    for name, content in files.items():
        path = root / Path(name).name
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_bytes(content)
    return root


def test_a_zip_and_a_folder_of_the_same_files_have_the_same_labels(tmp_path: Path) -> None:
    flat = {name: content for name, content in FILES.items() if not name.startswith("__")}
    assert read(pack(tmp_path / "a.zip", FILES)) == LABELS
    assert read(folder(tmp_path / "labels", flat)) == LABELS
    assert read_labels("none", tmp_path) == {}


def test_the_numbers_are_those_that_another_program_reads(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    numbers = rng.choice(np.arange(1, 25_001), 9_000, replace=False)
    content = "".join(f"{number}\n" for number in sorted(numbers)).encode()
    archive = pack(tmp_path / "a.zip", {"sky.txt": content})
    sums = subprocess.run(
        ["awk", "{ count += 1; sum += $1; squares += $1 * $1 } END { print count, sum, squares }"],
        input=content,
        capture_output=True,
        check=True,
    ).stdout.split()
    sky = np.array(sorted(read(archive)["sky"]))
    assert [float(value) for value in sums] == pytest.approx(
        [len(sky), sky.sum(), (sky**2).sum()], rel=1e-5
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "PATH: contains no labels (text files, such as sky.txt)"),
        ({"README.txt": b"1"}, "PATH: contains no labels (text files, such as sky.txt)"),
        (
            {"sky.txt": b"1\nblue\n"},
            "PATH: 'sky.txt', line 2: must be the number of a photograph, 1 to 1,000,000; "
            "found 'blue'",
        ),
        ({"sky.txt": b"0"}, "PATH: 'sky.txt', line 1: must be .*; found '0'"),
        ({"sky.txt": b"-1"}, "PATH: 'sky.txt', line 1: must be .*; found '-1'"),
        ({"sky.txt": b"1 2"}, "PATH: 'sky.txt', line 1: must be .*; found '1 2'"),
        ({"sky.txt": b"1000001"}, "PATH: 'sky.txt', line 1: must be .*; found '1000001'"),
        ({"sky.txt": b"\xd9\xa3"}, "PATH: 'sky.txt', line 1: must be .*; found '٣'"),
        ({"sky.txt": b"\xff\x1b[31m"}, r"PATH: 'sky.txt', line 1: must be .*; found '.*xff.*"),
        ({"sky.txt": b"9" * 5000}, r"PATH: 'sky.txt', line 1: must be .*; found '9{119}\.\.\."),
        ({"Blue Sky.txt": b"1"}, "PATH: 'Blue Sky.txt' is no name of a label, .*"),
        ({"=1+1.txt": b"1"}, "PATH: '=1[+]1.txt' is no name of a label, .*"),
        ({f"{'x' * 51}.txt": b"1"}, "PATH: 'xxx.*' is no name of a label, .*"),
        (
            {"a/sky.txt": b"1", "b/sky.txt": b"2"},
            "PATH: 'a/sky.txt' and 'b/sky.txt' are the same.*",
        ),
        ({f"l{index}.txt": b"1" for index in range(1001)}, "PATH: 1,001 labels, more than 1,000"),
    ],
)
def test_anything_but_lists_of_numbers_is_refused_in_a_line(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    pattern = message if ".*" in message or "[" in message else re.escape(message)
    assert re.fullmatch(pattern, refusal(pack(tmp_path / "a.zip", files)))


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", b"\n" * 600)
        file.writestr("b.txt", b"\n" * 600)
    assert refusal(archive) == "PATH: labels of more than 1,000 bytes"
    assert refusal(folder(tmp_path / "b", {"a.txt": b"\n" * 1001})).endswith("1,000 bytes")


def test_a_label_of_more_lines_than_photographs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_COUNT", 3)
    archive = pack(tmp_path / "a.zip", {"sky.txt": b"1\r\n2\n\n"})
    assert read(archive) == {"sky": {1, 2}}
    archive = pack(tmp_path / "b.zip", {"sky.txt": b"1\n2\r\n\r3\n"})
    assert refusal(archive) == "PATH: 'sky.txt': more than 3 lines"


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"sky.txt": b"123\n" * 9})
    archive.write_bytes(archive.read_bytes().replace(b"123\n", b"124\n", 1))
    assert refusal(archive) == "PATH: 'sky.txt': damaged in the archive"


@pytest.mark.parametrize("path", ["missing", "text.zip", "pipe", "itself"])
def test_a_path_that_is_neither_zip_nor_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.zip").write_text("text")
    Path("itself").symlink_to("itself")
    subprocess.run(["mkfifo", "pipe"], check=True)
    with pytest.raises(ColorizationError) as caught:
        fingerprint_labels(path, tmp_path / "hashes.json")
    assert str(caught.value) in (
        "download.labels must be none, mirflickr25k, or the path of a zip or a folder; "
        f"found {path!r}, which does not exist",
        f"download.labels: {path} is neither a zip nor a folder",
    )


def test_labels_are_identified_by_their_files_alone(tmp_path: Path) -> None:
    cache = tmp_path / "hashes.json"
    labels = folder(tmp_path / "labels", {"sky.txt": b"1", "car.txt": b"2"})
    identities = {fingerprint_labels(str(labels), cache)}
    (labels / "note.md").write_text("changed")
    (labels / "README.txt").write_text("changed")
    assert fingerprint_labels(str(labels), cache) in identities
    (labels / "sky.txt").write_text("3")
    identities.add(fingerprint_labels(str(labels), cache))
    (labels / "sky.txt").rename(labels / "sea.txt")
    identities.add(fingerprint_labels(str(labels), cache))
    identities.add(fingerprint_labels(str(pack(tmp_path / "a.zip", FILES)), cache))
    assert len(identities) == 4
    for name in ("none", "mirflickr25k"):
        assert fingerprint_labels(name, cache) == name


def test_the_publishers_archive_is_verified_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(tmp_path / "a.zip", FILES)
    with serve(Site(archive.read_bytes())) as site:
        remote = dataclasses.replace(reading.ANNOTATIONS, url=site.url())
        monkeypatch.setattr(reading, "ANNOTATIONS", remote)
        with pytest.raises(ColorizationError, match="not the annotations of MIRFLICKR-25000"):
            read_labels("mirflickr25k", tmp_path / "downloads")
        # Only the first photographs are compared: a label of the twelfth may differ.
        monkeypatch.setattr(reading, "COMPARED", 11)
        compared = LABELS | {"sky": frozenset({1, 3, 11_000})}
        monkeypatch.setattr(reading, "ANNOTATIONS_SHA256", reading.digest(compared, 11))
        assert read_labels("mirflickr25k", tmp_path / "downloads") == LABELS
    assert list((tmp_path / "downloads").iterdir()) == []


def test_labels_are_joined_by_number_whatever_the_folder_and_the_format() -> None:
    names = ["mirflickr/im12.jpg", "im3.webp", "im02.png", "xim1.jpg", "im1.jpg.txt", "12.jpg"]
    table = join(LABELS, names)
    assert table.to_numpy().tolist() == [
        ["im02.png", "car"],
        ["im3.webp", "car"],
        ["im3.webp", "sky"],
        ["im3.webp", "sky_r1"],
        ["mirflickr/im12.jpg", "sky"],
    ]


@pytest.mark.parametrize(
    ("name", "reason"), [("scene_1.jpg", "has such a name"), ("im99.jpg", "has a number with a")]
)
def test_labels_of_other_photographs_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ColorizationError, match=f"^download.labels must be none .*{reason}"):
        join(LABELS, [name])


def test_without_labels_the_tables_are_empty_and_readable(tmp_path: Path) -> None:
    table = join({}, ["scene_1.jpg"])
    write_table(table, tmp_path / "labels.csv")
    assert subsets(read_table(tmp_path / "labels.csv")) == {}
    colors = mean_colors({}, ["scene_1.jpg"], np.zeros((1, 2, 2, 2)))
    write_table(colors, tmp_path / "colors.csv")
    assert read_table(tmp_path / "colors.csv").empty


def test_a_photograph_of_both_kinds_is_in_neither_group() -> None:
    labels = {
        "sky": {1, 2, 5},
        "tree_r1": {6},
        "plant_life": {3},
        "tree": {6},
        "indoor": {2, 4},
        "night": {1, 4},
    }
    names = [f"im{number}.jpg" for number in range(1, 8)]
    members = subsets(join({key: frozenset(value) for key, value in labels.items()}, names))

    def numbers(subset: str) -> set[int]:
        return {int(name[2:-4]) for name in members[subset]}

    assert numbers(NATURE_ONLY) == {1, 3, 5, 6}
    assert numbers(OBJECTS_ONLY) == {4}
    assert numbers(VEGETATION) == {3, 6}
    assert {subset: numbers(subset) for subset in labels} == labels
    assert list(members)[:3] == [NATURE_ONLY, OBJECTS_ONLY, VEGETATION]
    assert not NATURE & OBJECTS


def test_a_labels_color_is_the_mean_over_its_training_photographs() -> None:
    rng = np.random.default_rng(2)
    ab = rng.uniform(-1, 1, (3, 4, 5, 2)).astype(np.float16)
    members = {"sky": frozenset({"im1.jpg", "im3.jpg"}), "sea": frozenset({"im9.jpg"})}
    colors = mean_colors(members, ["im1.jpg", "im2.jpg", "im3.jpg"], ab)
    pixels = ab[[0, 2]].astype(float).reshape(-1, 2)
    assert colors[["subset", "photographs"]].to_numpy().tolist() == [["sky", 2]]
    assert colors[["mean_a", "mean_b"]].to_numpy()[0] == pytest.approx(pixels.mean(axis=0))


def test_the_mse_of_one_color_is_that_over_the_pixels() -> None:
    rng = np.random.default_rng(3)
    ab = rng.uniform(-1, 1, (6, 4, 5, 2))
    rows = pd.DataFrame(
        {
            "gray_mse_ab": (ab**2).mean(axis=(1, 2, 3)),
            "mean_a": ab[..., 0].mean(axis=(1, 2)),
            "mean_b": ab[..., 1].mean(axis=(1, 2)),
        }
    )
    expected = ((ab - np.array([0.1, -0.3])) ** 2).mean(axis=(1, 2, 3))
    assert mse_of_color(rows, (0.1, -0.3)).to_numpy() == pytest.approx(expected)
