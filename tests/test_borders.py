"""The plain border of a scanned print is found, and does not change the colors within."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from colorization.color import lab
from colorization.colorizing import originals
from colorization.colorizing.borders import Picture, find_picture
from colorization.colorizing.bulk import TASKS, colorize_files
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.hints import patch_at
from colorization.colorizing.jobs import Job
from colorization.colorizing.predictor import Embedder
from colorization.colorizing.prepared import prepare
from colorization.colorizing.sixteen_bits import SixteenBitImage
from colorization.colorizing.uploads import Settings, Uploads
from colorization.core.errors import ColorizationError
from colorization.photos.strips import Box
from colorization.sources import scenes
from threads import ThreadWorkers

BORDERED: Box = (24, 30, 324, 250)  # where the picture is in the `bordered` ones
SIZE = (360, 270)


def scene(seed: int = 1, width: int = 300, height: int = 220) -> Image.Image:
    return Image.fromarray(scenes.draw(np.random.default_rng(seed), width, height))


def bordered(paper: np.ndarray | float, picture: Image.Image | None = None) -> Image.Image:
    """A scene within a border of some gray levels, (270, 360) or one."""
    levels = np.broadcast_to(np.asarray(paper), SIZE[::-1]).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(levels).convert("RGB")
    image.paste(picture or scene(), BORDERED[:2])
    return image


RANDOM = np.random.default_rng(1)
PAPERS: dict[str, np.ndarray | float] = {
    "white": 252,
    "black": 6,
    "gray": 110,
    "noisy": RANDOM.normal(236, 4, SIZE[::-1]),
    "uneven": 226 + np.linspace(0, 24, SIZE[0]) + RANDOM.normal(0, 1.5, SIZE[::-1]),
}


@pytest.fixture
def colorizer() -> Colorizer:
    """Colors that depend on the whole input, and on that of the embedding network."""

    def network(L: np.ndarray, embedding: np.ndarray) -> list[np.ndarray]:
        tint = L.mean(axis=(1, 2, 3)) * embedding[:, 0]
        return [np.concatenate([0.3 * L, np.full_like(L, 0.5) * tint[:, None, None, None]], -1)]

    def logits(squares: np.ndarray) -> list[np.ndarray]:
        return [np.repeat(squares.mean(axis=(1, 2)), 1000, axis=1)]

    embedder = Embedder(logits, 96, np.stack([np.zeros(1000), np.ones(1000)]).astype(np.float32))
    return Colorizer(network, 64, embedder, None, "0" * 64)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_picture_is_found_to_the_pixel(paper: str) -> None:
    assert find_picture(bordered(PAPERS[paper])) == Picture(BORDERED, SIZE)


def test_a_border_on_two_opposite_sides_is_found_if_it_is_equally_wide() -> None:
    film = Image.new("RGB", (300, 280))
    film.paste(scene(), (0, 30))
    assert find_picture(film) == Picture((0, 30, 300, 250), film.size)
    assert find_picture(film.crop((0, 10, 300, 280))) is None


def test_a_side_as_bright_as_its_border_does_not_hide_the_other_sides() -> None:
    overexposed = scene()
    overexposed.paste("white", (0, 0, 300, 40))
    actual = find_picture(bordered(252, overexposed))
    assert actual is not None
    assert (actual.box[0], *actual.box[2:]) == (BORDERED[0], *BORDERED[2:])
    assert 20 <= actual.box[1] <= 70  # which cuts white lines alone


def test_borders_within_borders_are_all_left_out() -> None:
    photographon_lid = Image.new("RGB", (460, 350), (12, 12, 12))
    photographon_lid.paste(bordered(250), (50, 40))
    left, top, right, bottom = BORDERED
    expected = (left + 50, top + 40, right + 50, bottom + 40)
    assert find_picture(photographon_lid) == Picture(expected, photographon_lid.size)


@pytest.mark.parametrize("borders", [3, 4])
def test_of_borders_within_borders_the_three_outermost_are_left_out(borders: int) -> None:
    image = scene()
    for number in range(borders):
        image = ImageOps.expand(image, 20, "white" if number % 2 else "black")
    expected = (60, 60, image.width - 60, image.height - 60)
    assert find_picture(image) == Picture(expected, image.size)


def test_a_border_on_three_sides_is_found() -> None:
    cut = bordered(250).crop((0, 0, SIZE[0], BORDERED[3]))
    assert find_picture(cut) == Picture(BORDERED, cut.size)


@pytest.mark.parametrize(("width", "actual"), [(6, True), (3, False)])
def test_a_border_is_at_least_1_percent_wide(width: int, actual: bool) -> None:
    image = ImageOps.expand(scene(1, 500 - 2 * width, 400 - 2 * width), width, "white")
    assert (find_picture(image) is not None) == actual


def test_a_date_on_the_border_does_not_hide_it() -> None:
    dated = bordered(240)
    ImageDraw.Draw(dated).text((150, 8), "AUG 63", fill=(90, 90, 90))
    assert find_picture(dated) == Picture(BORDERED, SIZE)


def test_a_landscape_has_no_border() -> None:
    assert [seed for seed in range(20) if find_picture(scene(seed, 120, 90)) is not None] == []


def test_plain_surfaces_are_no_border() -> None:
    moon, tower, flat = (Image.new("RGB", (300, 220), (9, 12, 20)) for _ in range(3))
    ImageDraw.Draw(moon).ellipse((90, 50, 210, 170), fill=(220, 220, 210))
    ImageDraw.Draw(tower).polygon([(80, 220), (110, 0), (190, 0), (230, 220)], fill=(160, 140, 90))
    horizon = Image.new("RGB", (300, 220), (190, 200, 210))
    horizon.paste((70, 80, 90), (0, 120, 300, 220))
    images = {"moon": moon, "tower": tower, "flat": flat, "horizon": horizon}
    assert {name: find_picture(image) for name, image in images.items()} == dict.fromkeys(images)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (40, 30)])
def test_tiny_images_are_searched(size: tuple[int, int]) -> None:
    assert find_picture(Image.new("RGB", size, "white")) is None


def test_a_skewed_photographis_left_as_it_is() -> None:
    skewed = bordered(250).rotate(3, Image.Resampling.BICUBIC, fillcolor=(250, 250, 250))
    assert find_picture(skewed) is None


def test_a_picture_found_in_a_small_copy_is_located_to_the_pixel_in_the_large_one() -> None:
    large = Image.new("RGB", (1700, 1300), (245, 245, 245))
    large.paste(scene(2).resize((1463, 1037)), (131, 97))
    box = (131, 97, 131 + 1463, 97 + 1037)
    assert find_picture(large) == Picture(box, large.size)
    small = find_picture(large.resize((425, 325), Image.Resampling.BOX))
    assert small is not None
    assert small.box_in(large) == box


def test_the_model_gets_the_same_as_without_the_border() -> None:
    with_border, without = (
        prepare(image.copy, 64, 96) for image in (bordered(PAPERS["noisy"]), scene())
    )
    np.testing.assert_array_equal(with_border.L, without.L)
    assert with_border.square is not None
    assert without.square is not None
    np.testing.assert_array_equal(with_border.square, without.square)
    assert without.picture is None


def test_a_large_jpeg_is_decoded_larger_for_the_picture_in_it(tmp_path: Path) -> None:
    scan = Image.new("RGB", (2400, 1800), "white")
    photograph = scene().resize((800, 600))
    scan.paste(photograph, (700, 500))
    scan.save(tmp_path / "scan.jpg", quality=95)
    photograph.save(tmp_path / "picture.jpg", quality=95)
    L, alone = (
        prepare(partial(Image.open, path), 96, None).L
        for path in (tmp_path / "scan.jpg", tmp_path / "picture.jpg")
    )
    assert L.shape == alone.shape
    assert np.abs(L - alone).mean() * lab.L_SCALE < 1


def test_hints_are_where_they_are_in_the_whole_photograph() -> None:
    picture, alone = Picture(BORDERED, SIZE), scene()
    shape = (64, 96, 1)
    expected = patch_at(90, 200, alone.size, shape)
    left, top, *_ = BORDERED
    for scale in (1, 4):  # the picture was found in a copy of a fourth of the size
        x, y = (90 + left) * scale, (200 + top) * scale
        size = (SIZE[0] * scale, SIZE[1] * scale)
        assert patch_at(x, y, size, shape, picture) == expected
    with pytest.raises(ColorizationError, match="x 5, y 60 is on the photograph's border"):
        patch_at(5, 60, SIZE, shape, picture)


@pytest.mark.parametrize("paper", ["white", "gray"])
def test_the_border_of_16_bits_is_where_that_of_8_bits_is(paper: str) -> None:
    image = bordered(PAPERS[paper])
    small = find_picture(image.resize((SIZE[0] // 2, SIZE[1] // 2), Image.Resampling.BOX))
    assert small is not None
    deep = SixteenBitImage(np.asarray(image).astype(np.uint16) * 257)
    assert small.box_in(deep) == small.box_in(image) == BORDERED


def test_the_border_stays_gray_and_the_picture_has_the_colors_that_it_has_alone(
    colorizer: Colorizer,
) -> None:
    image = bordered(PAPERS["uneven"])
    colorized = np.asarray(colorizer(image))
    gray = np.asarray(originals.join(image.copy(), np.zeros((1, 1, 2), np.float32)))
    left, top, right, bottom = BORDERED
    inside = np.zeros(SIZE[::-1], bool)
    inside[top:bottom, left:right] = True
    np.testing.assert_array_equal(colorized[~inside], gray[~inside])
    alone = np.asarray(colorizer(scene()))
    np.testing.assert_array_equal(colorized[top:bottom, left:right], alone)
    assert (alone != gray[top:bottom, left:right]).any()


def test_strips_do_not_change_the_colors(
    colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = np.asarray(colorizer(bordered(250)))
    monkeypatch.setattr(originals, "PIXELS_AT_A_TIME", 500)
    strips = np.asarray(colorizer(bordered(250)))
    assert np.abs(whole.astype(int) - strips).max() <= 1


def test_a_call_the_command_and_the_page_give_the_same(
    colorizer: Colorizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "scan.png", tmp_path / "out" / "scan.png"
    bordered(8).save(path)
    called = np.asarray(colorizer(path))
    workers = ThreadWorkers(TASKS, 1)
    options = {"saturation": 1.0, "side_by_side": False, "quiet": True}
    (outcome,) = colorize_files(colorizer, [Job(path, out)], workers, **options)  # type: ignore[arg-type]
    assert outcome.reason == ""
    np.testing.assert_array_equal(np.asarray(Image.open(out)), called)
    monkeypatch.setattr("colorization.colorizing.uploads.Workers", ThreadWorkers)
    uploads = Uploads(colorizer, 1)
    name = uploads.add(path.read_bytes())
    np.testing.assert_array_equal(np.asarray(uploads.colorized(name, Settings())), called)
    (tmp_path / "page.png").write_bytes(uploads.png(name, Settings()))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "page.png")), called)
