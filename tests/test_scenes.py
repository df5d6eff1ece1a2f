"""Drawn landscapes: reproducible from a seed, with the colors of their regions."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage import color

from colorization.color import lab
from colorization.core.settings import Scenes
from colorization.sources import scenes
from samples import scene

FEW = Scenes(count=6, width=40, height=32, jpeg_quality=92, seed=1)


def test_the_same_seed_gives_the_same_files_and_another_seed_others() -> None:
    first, again = (dict(scenes.draw_all(FEW)) for _ in range(2))
    other = dict(scenes.draw_all(FEW.model_copy(update={"seed": 2})))
    assert first == again
    assert list(first) == list(other) == [f"scene0000{index}.jpg" for index in range(6)]
    assert len({*first.values(), *other.values()}) == 12


def test_more_scenes_begin_with_the_same_ones() -> None:
    few = dict(scenes.draw_all(FEW))
    more = dict(scenes.draw_all(FEW.model_copy(update={"count": 9})))
    assert list(more.items())[:6] == list(few.items())


@pytest.mark.parametrize(("width", "height"), [(32, 32), (33, 75), (400, 32), (320, 240)])
def test_scenes_have_any_size(width: int, height: int) -> None:
    size = {"width": width, "height": height, "count": 2}
    for content in dict(scenes.draw_all(FEW.model_copy(update=size))).values():
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (width, height))
        assert np.asarray(image).std() > 5


def test_skies_are_blue_or_dusky_and_grounds_are_neither() -> None:
    pictures = np.stack([scene(seed, 64, 64) for seed in range(60)])
    _, ab = lab.rgb_to_lab(pictures)
    top, bottom = ab[:, :6].mean(axis=(1, 2)), ab[:, -6:].mean(axis=(1, 2))
    # Overcast and clouds are gray; dusk's zenith is violet: no sky is yellow or green.
    assert (top[:, 1] * 128 < 5).all()
    assert (top[:, 1] * 128 < -20).sum() > 20
    # Sea is blue or violet, meadow and sand are yellowish: both kinds occur, and often.
    assert (bottom[:, 1] * 128 < -5).sum() > 10
    assert (bottom[:, 1] * 128 > 15).sum() > 10


def test_flowers_and_boats_have_every_hue_at_one_lightness_and_chroma() -> None:
    canvas = scenes._Canvas(np.random.default_rng(1), 1, 1)
    painted = []
    for _ in range(500):
        canvas.paint_free(np.ones((1, 1)))
        painted.append(canvas.rgb[0, 0].copy())
    rgb = np.stack(painted) / 255
    assert ((rgb > 0) & (rgb < 1)).all()  # else clipping would change L*
    L, a, b = color.rgb2lab(rgb).T
    np.testing.assert_allclose(L, 65, atol=0.01)
    np.testing.assert_allclose(np.hypot(a, b), 35, atol=0.01)
    turns = (np.arctan2(b, a) + np.pi) / (2 * np.pi)
    counts, _ = np.histogram(turns, bins=10, range=(0, 1))
    assert counts.min() > 25  # 50 expected, 6.7 standard deviation
