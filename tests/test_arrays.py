"""The cached arrays hold what was photographed, whatever the images are called."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from colorization import archives, arrays, lab, preprocessing
from colorization.params import Preprocess
from colorization.preprocessing import preprocess
from samples import encoded, scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    return tmp_path / "train"


def test_the_cache_keeps_the_pixels_and_their_lab(folder: Path) -> None:
    squares = [scene(seed, 32, 32) for seed in range(3)]
    arrays.write(folder, ["a", "b", "c"], map(arrays.encode, squares))
    cached = arrays.read(folder)
    np.testing.assert_array_equal(cached.rgb, squares)
    assert (cached.L.shape, cached.ab.shape) == ((3, 32, 32, 1), (3, 32, 32, 2))
    back = lab.lab_to_rgb(cached.L, cached.ab)
    assert np.abs(back.astype(int) - np.stack(squares)).max() <= 1


def test_the_cache_is_mapped_not_read(folder: Path) -> None:
    arrays.write(folder, ["a"], [arrays.encode(scene(1, 32, 32))])
    cached = arrays.read(folder)
    assert all(isinstance(array, np.memmap) for array in (cached.L, cached.ab, cached.rgb))
    with pytest.raises(ValueError, match="read-only"):
        cached.L[0] = 0


def test_no_pickle_is_loaded(folder: Path) -> None:
    arrays.write(folder, ["a"], [arrays.encode(scene(1, 32, 32))])
    np.save(folder / "L.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        arrays.read(folder)


@pytest.mark.parametrize("name", ["a b", "ü/é.jpg", "a\u2028b", "a\x0bb", "a\x85b", "a\nb", "a\rb"])
def test_any_name_survives(folder: Path, name: str) -> None:
    arrays.write(folder, [name, "last"], [arrays.encode(scene(1, 32, 32))] * 2)
    assert arrays.read(folder).names == [name, "last"]


def test_preprocessing_writes_each_part_in_order_and_skips_what_is_left_out(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x0112] = 3  # upside down
    members = {f"{seed}.png": encoded(scene(seed, 64, 64)) for seed in range(6)}
    members["turned.jpg"] = encoded(scene(7, 64, 64)[::-1, ::-1], "JPEG", quality=100, exif=tags)
    members["wrong.jpg"] = b"text"
    archives.write_zip(members.items(), tmp_path / "raw.zip")
    parts = ["train", "test", "train", "validation", "test", "train", "validation", "left out"]
    table = pd.DataFrame({"name": list(members), "split": parts})
    (tmp_path / "out").mkdir()
    preprocess(tmp_path / "raw.zip", table, Preprocess(image_size=64), tmp_path / "out")

    train, validation = (arrays.read(tmp_path / "out" / p) for p in ("train", "validation"))
    assert train.names == ["0.png", "2.png", "5.png"]
    np.testing.assert_array_equal(train.rgb, [scene(seed, 64, 64) for seed in (0, 2, 5)])
    assert validation.names == ["3.png", "turned.jpg"]
    difference = validation.rgb[1].astype(int) - scene(7, 64, 64)
    assert np.abs(difference).mean() < 8  # JPEG's; upside down it is 40 and more
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "test",
        "train",
        "validation",
    ]


def test_only_a_few_images_are_in_memory_however_slowly_they_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocessing, "IMAGES_AT_A_TIME", 3)
    taken: list[str] = []
    read_members = archives.read_members

    def counted(archive: Path, names: list[str]) -> Iterator[bytes | None]:
        for name, content in zip(names, read_members(archive, names), strict=True):
            taken.append(name)
            yield content

    monkeypatch.setattr(archives, "read_members", counted)
    members = {f"{seed}.png": encoded(scene(seed, 32, 32)) for seed in range(8)}
    archives.write_zip(members.items(), tmp_path / "raw.zip")
    images = preprocessing._encoded(tmp_path / "raw.zip", list(members), 32)
    seen = 0
    for seen, image in enumerate(images, start=1):
        np.testing.assert_array_equal(image["rgb"], scene(seen - 1, 32, 32))
        assert len(taken) <= seen + 2
    assert seen == 8
