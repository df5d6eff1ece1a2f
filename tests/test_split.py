"""Which image serves for what, from its content and the seed alone."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from colorization import archives, split
from colorization.errors import ColorizationError
from colorization.params import Split
from samples import PARAMS, encoded, scene

SETTINGS = PARAMS.split.model_copy(update={"ratios": (0.6, 0.2, 0.2)})


def pack(path: Path, members: dict[str, bytes]) -> Path:
    archives.write_zip(members.items(), path)
    return path


def pictures(first: int, count: int) -> dict[str, bytes]:
    return {f"{seed:03d}.png": encoded(scene(seed)) for seed in range(first, first + count)}


def parts(path: Path, settings: Split = SETTINGS) -> dict[str, str]:
    table = split.split_archive(path, settings)
    return dict(zip(table["name"], table["split"], strict=True))


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    archive = pack(tmp_path_factory.mktemp("split") / "a.zip", pictures(0, 40))
    return archive, parts(archive)


def test_adding_and_renaming_images_moves_none(
    forty: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    before = forty[1]
    more = parts(pack(tmp_path / "more.zip", pictures(0, 60)))
    assert {name: more[name] for name in before} == before
    renamed = {f"x/{name}": content for name, content in pictures(0, 40).items()}
    assert parts(pack(tmp_path / "b.zip", renamed)) == {f"x/{n}": p for n, p in before.items()}


def test_another_seed_gives_another_split(forty: tuple[Path, dict[str, str]]) -> None:
    assert parts(forty[0], SETTINGS.model_copy(update={"seed": 2})) != forty[1]
    assert parts(forty[0]) == forty[1]


@pytest.mark.parametrize("ratios", [(0.9, 0.05, 0.05), (0.6, 0.3, 0.1), (0.1, 0.1, 0.8)])
def test_the_ratios_are_kept_within_sampling_error(ratios: tuple[float, float, float]) -> None:
    settings = SETTINGS.model_copy(update={"ratios": ratios})
    count = 20_000
    sums = (hashlib.sha256(str(index).encode()).hexdigest() for index in range(count))
    found = Counter(split.part_of(sha256, settings) for sha256 in sums)
    for part, ratio in zip(("train", "validation", "test"), ratios, strict=True):
        deviation = np.sqrt(ratio * (1 - ratio) / count)  # binomial
        assert abs(found[part] / count - ratio) < 4 * deviation


def test_exact_copies_land_in_the_same_part(tmp_path: Path) -> None:
    originals = pictures(0, 30)
    copies = {f"copy of {name}": content for name, content in originals.items()}
    found = parts(pack(tmp_path / "a.zip", originals | copies))
    assert all(found[name] == found[f"copy of {name}"] for name in originals)


def test_the_table_tells_what_each_image_is(tmp_path: Path) -> None:
    red = np.full((40, 50, 3), [255, 0, 0], np.uint8)
    members = pictures(0, 40) | {"grey.png": encoded(red[..., 0]), "red.png": encoded(red)}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS).set_index("name")
    assert list(table.index) == sorted(members)
    red_row = table.loc["red.png"]
    assert (red_row["width"], red_row["height"], red_row["mode"]) == (50, 40, "RGB")
    assert red_row["sha256"] == hashlib.sha256(members["red.png"]).hexdigest()
    # Lindbloom: sRGB's red has a* = 80.09, b* = 67.20, so a chroma of 104.55.
    assert red_row["mean_chroma"] == pytest.approx(104.55, abs=0.02)
    assert table.loc["grey.png", "mode"] == "L"
    assert table["mean_chroma"]["grey.png"] < 0.01
    assert table.loc["grey.png", "split"] != "left out"


def test_each_image_that_is_left_out_has_its_reason(tmp_path: Path) -> None:
    whole = encoded(scene(100, 96, 80), "JPEG")
    damaged = encoded(scene(101), "BMP")
    members = pictures(0, 40) | {
        "bad/damaged.bmp": damaged,
        "bad/grey.png": encoded(np.full((40, 40, 3), 77, np.uint8)),
        "bad/small.png": encoded(scene(0, 40, 31)),
        "bad/text.jpg": b"a letter",
        "bad/truncated.jpg": whole[: len(whole) // 2],
    }
    archive = pack(tmp_path / "a.zip", members)
    content = archive.read_bytes()
    assert content.count(damaged[100:300]) == 1
    archive.write_bytes(content.replace(damaged[100:300], bytes(200)))
    table = split.split_archive(archive, SETTINGS.model_copy(update={"min_chroma": 2.0}))
    left_out = table[table["split"] == "left out"].set_index("name")["reason"]
    assert left_out["bad/damaged.bmp"] == "corrupt: damaged in the archive"
    assert left_out["bad/grey.png"] == "near grey: mean chroma under 2"
    assert left_out["bad/small.png"] == "too small: shorter side under 32 px"
    assert left_out["bad/text.jpg"] == "corrupt: not an image"
    assert left_out["bad/truncated.jpg"].startswith("corrupt: cannot be decoded: ")
    assert len(left_out) == 5
    assert (table.loc[table["split"] != "left out", "reason"] == "").all()


def test_size_counts_upright(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6  # turned by a quarter
    members = pictures(0, 40) | {"turned.jpg": encoded(scene(1, 60, 40), "JPEG", exif=tags)}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS).set_index("name")
    assert tuple(table.loc["turned.jpg", ["width", "height"]]) == (40, 60)


def test_an_empty_part_is_refused_in_one_line(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", pictures(0, 2))
    with pytest.raises(ColorizationError, match=r"^2 images at split\.ratios") as caught:
        split.split_archive(archive, SETTINGS)
    assert "part empty" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_zip_of_text_files_called_jpg_is_refused_naming_one(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"b.jpg": b"text", "a.jpg": b"letter"})
    with pytest.raises(ColorizationError) as caught:
        split.split_archive(archive, SETTINGS)
    assert str(caught.value) == (
        f"{archive}: none of its 2 images can be used; a.jpg, for one: corrupt: not an image"
    )


def test_the_table_survives_its_csv(tmp_path: Path) -> None:
    names = ["a,b.png", 'quote".png', "ü.png", "NA.png", "1.png"]
    members = pictures(0, 40) | {name: encoded(scene(200)) for name in names}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS)
    table.to_csv(tmp_path / "split.csv", index=False)
    back = pd.read_csv(tmp_path / "split.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
