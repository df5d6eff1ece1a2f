"""The split depends only on an image's content and the seed."""

import csv
import hashlib
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from colorization.core import parallel
from colorization.core.errors import ColorizationError
from colorization.core.parallel import Postponed
from colorization.core.settings import Split
from colorization.photos import decoding, examining, model_input, split
from hostile import CRASHING, HANGING, make_decoders_hostile
from samples import PARAMS, encoded, pack, scene

SETTINGS = PARAMS.split.model_copy(update={"ratios": (0.6, 0.2, 0.2)})


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second worker process takes longer to start than it saves; some tests have two."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


def pictures(first: int, count: int) -> dict[str, bytes]:
    return {f"{seed:03d}.png": encoded(scene(seed)) for seed in range(first, first + count)}


def splits_of(path: Path, settings: Split = SETTINGS) -> dict[str, str]:
    table = split.split_archive(path, settings)
    return dict(zip(table["name"], table["split"], strict=True))


def examined(archive: Path, name: str) -> dict:
    row = examining.examine(archive, SETTINGS, name, 10**9)
    assert isinstance(row, dict)
    return row


def test_adding_and_renaming_images_moves_no_other(tmp_path: Path) -> None:
    before = splits_of(pack(tmp_path / "a.zip", pictures(0, 40)))
    more = splits_of(pack(tmp_path / "more.zip", pictures(0, 60)))
    assert {name: more[name] for name in before} == before
    renamed = {f"x/{name}": content for name, content in pictures(0, 40).items()}
    assert splits_of(pack(tmp_path / "b.zip", renamed)) == {f"x/{n}": p for n, p in before.items()}


def test_another_seed_gives_another_split(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", pictures(0, 40))
    first, same, other = (
        splits_of(archive, SETTINGS.model_copy(update={"seed": seed})) for seed in (1, 1, 2)
    )
    assert first == same != other


@pytest.mark.parametrize("ratios", [(0.9, 0.05, 0.05), (0.6, 0.3, 0.1), (0.1, 0.1, 0.8)])
def test_the_ratios_are_kept_within_sampling_error(ratios: tuple[float, float, float]) -> None:
    settings = SETTINGS.model_copy(update={"ratios": ratios})
    count = 20_000
    sums = (hashlib.sha256(str(index).encode()).hexdigest() for index in range(count))
    actual = Counter(examining.split_of(sha256, settings) for sha256 in sums)
    for split_name, ratio in zip(("train", "validation", "test"), ratios, strict=True):
        deviation = np.sqrt(ratio * (1 - ratio) / count)  # binomial
        assert abs(actual[split_name] / count - ratio) < 4 * deviation


def test_exact_copies_are_in_the_same_split(tmp_path: Path) -> None:
    originals = pictures(0, 30)
    copies = {f"copy of {name}": content for name, content in originals.items()}
    table = split.split_archive(pack(tmp_path / "a.zip", originals | copies), SETTINGS)
    actual = table.set_index("name")
    for name in originals:
        copy = f"copy of {name}"
        assert actual["split"][name] == actual["split"][copy] != "excluded"
        assert (actual["near_duplicate"][name], actual["near_duplicate"][copy]) == (copy, name)


def again(picture: np.ndarray, how: str) -> bytes:
    """The same picture in another file."""
    image = Image.fromarray(picture)
    smaller = image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)
    larger = image.resize((image.width * 2, image.height * 2), Image.Resampling.LANCZOS)
    return {
        "re-encoded": lambda: encoded(image, "JPEG", quality=50),
        "smaller": lambda: encoded(smaller, "JPEG", quality=80),
        "larger": lambda: encoded(larger, "WEBP", quality=80),
        "gray": lambda: encoded(image.convert("L"), "PNG"),
        "another format": lambda: encoded(image, "TIFF"),
    }[how]()


@pytest.mark.parametrize("how", ["re-encoded", "smaller", "larger", "gray", "another format"])
def test_near_duplicates_are_never_in_two_splits(tmp_path: Path, how: str) -> None:
    drawn = [scene(seed, 160, 120) for seed in range(60)]
    members = {f"{index:02d}.png": encoded(picture) for index, picture in enumerate(drawn)}
    members |= {f"{index:02d} again": again(picture, how) for index, picture in enumerate(drawn)}
    members = {name if "." in name else f"{name}.img.png": c for name, c in members.items()}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS).set_index("name")
    sizes = {"train": 2, "validation": 1, "test": 0}  # of ratios .6, .2, .2; of equals, test stays
    crossed = 0
    for index in range(60):
        pair = [f"{index:02d}.png", f"{index:02d} again.img.png"]
        own = [examining.split_of(table["sha256"][name], SETTINGS) for name in pair]
        assert table.loc[pair[0], "near_duplicate"] == pair[1]
        assert table.loc[pair[1], "near_duplicate"] == pair[0]
        if own[0] == own[1]:
            assert table.loc[pair, "split"].tolist() == own
            continue
        crossed += 1
        larger = int(sizes[own[0]] < sizes[own[1]])
        kept = 1 - larger
        assert table.loc[pair[kept], "split"] == own[kept]
        assert table.loc[pair[larger], "split"] == "excluded"
        assert table.loc[pair[larger], "reason"] == (
            f"near duplicate: of {pair[kept]} in {own[kept]}"
        )
    assert crossed > 10


def test_different_scenes_are_not_near_duplicates(tmp_path: Path) -> None:
    members = {f"{seed}.jpg": encoded(scene(seed, 96, 80), "JPEG") for seed in range(800)}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS)
    assert (table["near_duplicate"] == "").all()


def test_blank_pictures_are_not_near_duplicates(tmp_path: Path) -> None:
    blank = {
        f"blank{level}.png": encoded(np.full((40, 40, 3), level, np.uint8))
        for level in range(0, 250, 10)
    }
    table = split.split_archive(pack(tmp_path / "a.zip", pictures(0, 40) | blank), SETTINGS)
    assert (table["near_duplicate"] == "").all()


def test_adding_images_moves_no_other_to_another_split(tmp_path: Path) -> None:
    """An added near duplicate may exclude another image, but never moves it."""
    drawn = {f"{seed}.png": encoded(scene(seed, 96, 80)) for seed in range(60)}
    before = splits_of(pack(tmp_path / "before.zip", drawn))
    added = {f"again {seed}.png": again(scene(seed, 96, 80), "smaller") for seed in range(0, 60, 2)}
    after = splits_of(pack(tmp_path / "after.zip", drawn | added))
    changed = {name: after[name] for name in before if after[name] != before[name]}
    assert set(changed.values()) == {"excluded"}


def test_the_table_describes_each_image(tmp_path: Path) -> None:
    red = np.full((40, 50, 3), [255, 0, 0], np.uint8)
    members = pictures(0, 40) | {"gray.png": encoded(red[..., 0]), "red.png": encoded(red)}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS).set_index("name")
    assert list(table.index) == sorted(members)
    red_row = table.loc["red.png"]
    assert (red_row["width"], red_row["height"], red_row["mode"]) == (50, 40, "RGB")
    assert red_row["sha256"] == hashlib.sha256(members["red.png"]).hexdigest()
    # Lindbloom: sRGB's red has a* = 80.09, b* = 67.20, so a chroma of 104.55.
    assert red_row["mean_chroma"] == pytest.approx(104.55, abs=0.02)
    assert table.loc["gray.png", "mode"] == "L"
    assert table["mean_chroma"]["gray.png"] < 0.01
    assert table.loc["gray.png", "split"] != "excluded"


def test_each_excluded_image_has_a_reason(tmp_path: Path) -> None:
    whole = encoded(scene(100, 96, 80), "JPEG")
    damaged = encoded(scene(101), "BMP")
    members = pictures(0, 40) | {
        "bad/damaged.bmp": damaged,
        "bad/gray.png": encoded(np.full((40, 40, 3), 77, np.uint8)),
        "bad/small.png": encoded(scene(0, 40, 31)),
        "bad/text.jpg": b"a letter",
        "bad/empty.jpg": b"",
        "bad/long.png": encoded(scene(0, 400, 40)),
        "bad/../../up.png": encoded(scene(0, 20, 20)),
        "/absolute ü.png": encoded(scene(0, 20, 20)),
        "bad/film.gif": encoded(
            Image.fromarray(scene(1)), "GIF", save_all=True, append_images=[Image.new("L", (9, 9))]
        ),
        "bad/truncated.jpg": whole[: len(whole) // 2],
    }
    archive = pack(tmp_path / "a.zip", members)
    content = archive.read_bytes()
    assert content.count(damaged[100:300]) == 1
    archive.write_bytes(content.replace(damaged[100:300], bytes(200)))
    table = split.split_archive(archive, SETTINGS.model_copy(update={"min_chroma": 2.0}))
    excluded = table[table["split"] == "excluded"].set_index("name")["reason"]
    assert excluded["bad/damaged.bmp"] == "unusable: damaged in the archive"
    assert excluded["bad/gray.png"] == "near gray: mean chroma under 2"
    assert excluded["bad/small.png"] == "too small: shorter side under 32 px"
    assert excluded["bad/text.jpg"] == "unusable: not an image"
    assert excluded["bad/truncated.jpg"].startswith("unusable: cannot be decoded: ")
    assert excluded["bad/empty.jpg"] == "unusable: not an image"
    assert excluded["bad/long.png"] == "too long: over 8 times the shorter side"
    assert excluded["bad/film.gif"] == "unusable: an animation"
    assert excluded["bad/../../up.png"] == "too small: shorter side under 32 px"
    assert excluded["/absolute ü.png"] == "too small: shorter side under 32 px"
    assert len(excluded) == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]
    assert (table.loc[table["split"] != "excluded", "reason"] == "").all()


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_each_damaged_image_has_its_reason_in_one_line(tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encoded(scene(3), kind, **({"exif": exif} if kind != "BMP" else {}))
    rng = np.random.default_rng(2)
    damaged = [whole[:kept] for kept in (0, 1, 10, len(whole) // 2, len(whole) - 3)]
    for _ in range(60):
        flipped = bytearray(whole)
        for position in rng.integers(0, min(len(whole), 400), 4):
            flipped[position] = rng.integers(256)
        damaged.append(bytes(flipped))
    members = {f"{index:03d}.png": content for index, content in enumerate(damaged)}
    archive = pack(tmp_path / "a.zip", members)
    reasons = {examined(archive, name)["reason"] for name in members}
    assert len(reasons) > 1
    assert not [reason for reason in reasons if "\n" in reason]


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize(
    "mistyped",
    [
        struct.pack("<HHI4s", 0x0100, 1, 1, b"a"),  # a width that is a byte
        struct.pack("<HHI4s", 0x0101, 11, 1, b"float"),
        struct.pack("<HHI4s", 0x010E, 11, 1, b"float"),  # a description that is a number
    ],
)
def test_a_mistyped_exif_tag_is_ignored(tmp_path: Path, mistyped: bytes) -> None:
    turned = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + mistyped + turned + bytes(4)
    archive = pack(tmp_path / "a.zip", {"a.jpg": encoded(scene(1, 60, 40), "JPEG", exif=exif)})
    row = examined(archive, "a.jpg")
    assert (row["reason"], row["width"], row["height"]) == ("", 40, 60)


def test_size_is_upright(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6  # turned by a quarter
    members = pictures(0, 40) | {"turned.jpg": encoded(scene(1, 60, 40), "JPEG", exif=tags)}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS).set_index("name")
    assert tuple(table.loc["turned.jpg", ["width", "height"]]) == (40, 60)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "TIFF, packed", "WEBP"])
@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_a_rotated_photograph_is_examined_upright(
    tmp_path: Path, kind: str, orientation: int
) -> None:
    upright = Image.fromarray(scene(1, 60, 40))
    tags = Image.Exif()
    tags[0x0112] = orientation
    turns = {
        3: Image.Transpose.ROTATE_180,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }
    options: dict = {"lossless": True} if kind == "WEBP" else {}
    options |= {"compression": "tiff_deflate"} if kind == "TIFF, packed" else {}
    turned = upright.transpose(turns[orientation])
    content = encoded(turned, kind.partition(",")[0], exif=tags, **options)
    archive = pack(tmp_path / "a.zip", {"a": encoded(upright), "b": content})
    one, other = (examined(archive, name) for name in ("a", "b"))
    assert (other["width"], other["height"]) == (60, 40)
    assert other["mean_chroma"] == one["mean_chroma"]
    np.testing.assert_array_equal(other["hash"], one["hash"])
    np.testing.assert_array_equal(
        model_input.decode_square(decoding.open_image(content), 32),
        model_input.decode_square(decoding.open_image(encoded(upright)), 32),
    )


def with_a_flipped_bit(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return bytes(damaged)


def refusal_of_preprocess(content: bytes) -> str:
    try:
        model_input.decode_square(decoding.open_image(content), 32)
    except ColorizationError as error:
        return str(error)
    return ""


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_split_finds_unusable_what_preprocess_cannot_decode_and_nothing_else(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 photographs with a flipped bit: 10 of each of 20 files, some with EXIF."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10**6)  # a bit may enlarge an image
    rng = np.random.default_rng(7)
    tags = Image.Exif()
    tags[0x0112] = 6
    for seed in range(20):
        options: dict = {"exif": tags} if seed % 2 else {}
        options |= {"compression": "tiff_lzw"} if kind == "TIFF" and seed % 4 > 1 else {}
        options |= {"progressive": True} if kind == "JPEG" and seed % 4 > 1 else {}
        whole = encoded(scene(seed, 150, 100), kind, **options)
        damaged = {str(index): with_a_flipped_bit(whole, rng) for index in range(10)}
        archive = pack(tmp_path / f"{seed}.zip", damaged)
        for name, content in damaged.items():
            reason = examined(archive, name)["reason"]
            refused = refusal_of_preprocess(content)
            assert reason == f"unusable: {refused}" if refused else "unusable" not in reason
            assert not reason.endswith(": ")


def test_an_image_that_crashes_its_decoder_is_unusable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = pictures(0, 40)
    hostile = {
        "crashing.png": encoded(scene(50, *CRASHING)),
        "hanging.png": encoded(scene(51, *HANGING)),
    }
    expected = split.split_archive(pack(tmp_path / "others.zip", others), SETTINGS)
    archive = pack(tmp_path / "all.zip", others | hostile)
    make_decoders_hostile(monkeypatch, tmp_path / "path")
    monkeypatch.setattr(parallel, "TIMEOUT", 5.0)
    table = split.split_archive(archive, SETTINGS).set_index("name")
    assert table.loc[[*hostile], "reason"].to_list() == [
        "unusable: its decoder crashed (SIGABRT)",
        "unusable: timed out after 5 seconds",
    ]
    pd.testing.assert_frame_equal(table.drop(index=[*hostile]), expected.set_index("name"))


def test_postponing_large_images_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = pictures(0, 40) | {"large.png": encoded(scene(50, 200, 150))}
    archive = pack(tmp_path / "a.zip", members)
    assert examining.examine(archive, SETTINGS, "large.png", 29_999) == Postponed(30_000)
    expected = split.split_archive(archive, SETTINGS)
    monkeypatch.setattr(parallel, "MAX_PIXELS", 30_000)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    pd.testing.assert_frame_equal(split.split_archive(archive, SETTINGS), expected)


def test_an_empty_split_is_refused_in_one_line(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", pictures(0, 2))
    with pytest.raises(ColorizationError, match=r"^2 images at split\.ratios") as caught:
        split.split_archive(archive, SETTINGS)
    assert "validation split empty" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_zip_of_text_files_called_jpg_is_refused_naming_one(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"b.jpg": b"text", "a.jpg": b"letter"})
    with pytest.raises(ColorizationError) as caught:
        split.split_archive(archive, SETTINGS)
    assert str(caught.value) == (
        f"{archive}: none of its 2 images is usable; for example a.jpg: unusable: not an image"
    )


def test_the_table_survives_its_csv(tmp_path: Path) -> None:
    names = [
        "a,b.png",
        'quote".png',
        "ü.png",
        "NA.png",
        "1.png",
        "a\rb.png",
        "a\nb.png",
        "a\r\nb.png",
    ]
    members = pictures(0, 40) | {name: encoded(scene(200)) for name in names}
    table = split.split_archive(pack(tmp_path / "a.zip", members), SETTINGS)
    table.to_csv(tmp_path / "split.csv", index=False, quoting=csv.QUOTE_NONNUMERIC)
    back = pd.read_csv(tmp_path / "split.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
