"""The cached arrays contain the photographs' pixels, whatever their names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from colorization.color import lab
from colorization.core.errors import ColorizationError
from colorization.core.settings import Preprocess
from colorization.dataset import arrays
from colorization.photos import preprocessing
from colorization.photos.preprocessing import preprocess
from hostile import CRASHING, make_decoders_hostile
from samples import cache, encoded, pack, scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    return tmp_path / "train"


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second worker process takes longer to start than it saves; some tests have two."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


def test_the_cache_contains_the_pixels_and_their_lab(folder: Path) -> None:
    squares = [scene(seed, 32, 32) for seed in range(3)]
    cache(folder, ["a", "b", "c"], squares)
    cached = arrays.read(folder)
    np.testing.assert_array_equal(cached.rgb, squares)
    assert (cached.L.shape, cached.ab.shape) == ((3, 32, 32, 1), (3, 32, 32, 2))
    back = lab.lab_to_rgb(cached.L, cached.ab)
    assert np.abs(back.astype(int) - np.stack(squares)).max() <= 1


def test_the_cache_is_memory_mapped(folder: Path) -> None:
    cache(folder, ["a"], [scene(1, 32, 32)])
    cached = arrays.read(folder)
    assert all(isinstance(array, np.memmap) for array in (cached.L, cached.ab, cached.rgb))
    with pytest.raises(ValueError, match="read-only"):
        cached.L[0] = 0


def test_no_pickle_is_loaded(folder: Path) -> None:
    cache(folder, ["a"], [scene(1, 32, 32)])
    np.save(folder / "L.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        arrays.read(folder)


@pytest.mark.parametrize("name", ["a b", "ü/é.jpg", "a\u2028b", "a\x0bb", "a\x85b", "a\nb", "a\rb"])
def test_any_name_is_read_as_written(folder: Path, name: str) -> None:
    cache(folder, [name, "last"], [scene(1, 32, 32)] * 2)
    assert arrays.read(folder).names == [name, "last"]


def test_preprocessing_writes_each_split_in_order_without_excluded_images(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x0112] = 3  # upside down
    members = {f"{seed}.png": encoded(scene(seed, 64, 64)) for seed in range(6)}
    members["turned.jpg"] = encoded(scene(7, 64, 64)[::-1, ::-1], "JPEG", quality=100, exif=tags)
    members["wrong.jpg"] = b"text"
    pack(tmp_path / "raw.zip", members)
    splits = ["train", "test", "train", "validation", "test", "train", "validation", "excluded"]
    table = pd.DataFrame({"name": list(members), "split": splits})
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


def test_rows_may_be_filled_in_any_order(folder: Path) -> None:
    squares = np.stack([scene(seed, 32, 32) for seed in range(5)])
    arrays.create(folder, list("abcde"), 32)
    for rows in (slice(3, 5), slice(0, 1), slice(1, 3)):
        arrays.fill(folder, rows.start, squares[rows])
    cached = arrays.read(folder)
    L, ab = lab.rgb_to_lab(squares)
    np.testing.assert_array_equal(cached.rgb, squares)
    np.testing.assert_array_equal(cached.L, L.astype(np.float16))
    np.testing.assert_array_equal(cached.ab, ab.astype(np.float16))


def test_the_bytes_are_the_same_whatever_the_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {f"{seed}.jpg": encoded(scene(seed), "JPEG") for seed in range(40)}
    archive = pack(tmp_path / "raw.zip", members)
    splits = ["validation", "test", *["train"] * 38]
    table = pd.DataFrame({"name": list(members), "split": splits})
    written = []
    for processes, at_a_time in (("1", 8), ("2", 8), ("2", 7)):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", processes)
        monkeypatch.setattr(preprocessing, "IMAGES_AT_A_TIME", at_a_time)
        out = tmp_path / f"{processes} {at_a_time}"
        out.mkdir()
        preprocess(archive, table, Preprocess(image_size=32), out)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        written.append({path.relative_to(out): path.read_bytes() for path in files})
    assert written[0] == written[1] == written[2]
    assert len(written[0]) == 3 * 4


@pytest.mark.parametrize("count", [12, 9])  # the failing image is one of 8 in a batch, or alone
def test_an_image_that_crashes_its_decoder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    members = {f"{seed}.png": encoded(scene(seed, 64, 64)) for seed in range(count)}
    names = [*members]
    splits = pd.DataFrame({"name": names, "split": ["validation", "test", *names[2:]]})
    splits.loc[2:, "split"] = "train"
    failing = names[-1]
    # What `split` could decode at a fraction of its size.
    archive = pack(tmp_path / "raw.zip", members | {failing: encoded(scene(3, *CRASHING))})
    make_decoders_hostile(monkeypatch, tmp_path / "path")
    (tmp_path / "lab").mkdir()
    message = f"^{archive}: {failing}: its decoder crashed \\(SIGABRT\\)$"
    with pytest.raises(ColorizationError, match=message):
        preprocess(archive, splits, Preprocess(image_size=32), tmp_path / "lab")
