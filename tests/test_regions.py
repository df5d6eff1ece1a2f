"""Small parts: where they were drawn, and where segmentation finds them."""

import numpy as np
import pytest

from colorization.color import lab
from colorization.core.settings import Scenes
from colorization.scoring import regions
from colorization.sources import scenes
from samples import PARAMS, scene

DRAWN = Scenes(count=40, width=96, height=96, jpeg_quality=92, seed=1)


@pytest.mark.parametrize("factor", [1, 3])
def test_a_dot_is_small_and_a_half_is_not(factor: int) -> None:
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[:, :50] = (40, 90, 200)
    rgb[:, 50:] = (60, 160, 60)
    rgb[20:28, 20:28] = (220, 40, 40)  # 0.64%
    whole = regions.small_regions(rgb.repeat(factor, axis=0).repeat(factor, axis=1))
    assert whole.shape == (100 * factor, 100 * factor)
    actual = whole[::factor, ::factor]
    assert actual[22:26, 22:26].all()
    assert not actual[60:, :40].any()
    assert not actual[:, 60:].any()
    assert actual.mean() < 0.02


@pytest.mark.parametrize(
    "rgb", [np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 77, np.uint8)]
)
def test_a_blank_image_has_no_small_region(rgb: np.ndarray) -> None:
    assert not regions.small_regions(rgb).any()


def test_in_scenes_small_regions_are_the_parts_of_random_hue() -> None:
    download = PARAMS.download.model_copy(update={"scenes": DRAWN})
    find = regions.finder(download)
    lightness, chroma, shares = [], [], []
    for index in range(DRAWN.count):
        rgb = scenes.draw(np.random.default_rng([DRAWN.seed, index]), 96, 96)
        small = find(f"folder/scene{index:05d}.jpg", rgb)
        shares.append(small.mean())
        L, ab = lab.rgb_to_lab(rgb)
        inner = small & np.roll(small, 2, 0) & np.roll(small, -2, 0) & np.roll(small, 2, 1)
        lightness += list((L[inner, 0] + 1) * 50)
        chroma += list(np.hypot(*ab[inner].T) * lab.AB_SCALE)
    # Dusk takes a quarter of each sRGB value: L* 65 becomes 50, chroma 35 becomes 29.
    by_day = np.abs(np.array(lightness) - scenes.FREE_LIGHTNESS) < 3
    at_dusk = np.abs(np.array(lightness) - 50) < 3
    assert (by_day | at_dusk).mean() > 0.9
    assert np.median(np.array(chroma)[by_day]) == pytest.approx(scenes.FREE_CHROMA, abs=2)
    assert 5 < sum(share == 0 for share in shares) < 30  # seas without boats, sands
    assert max(shares) < 0.08


def test_photographs_are_segmented() -> None:
    download = PARAMS.download.model_copy(update={"source": "photos.zip"})
    rgb = scene(1, 64, 64)
    np.testing.assert_array_equal(
        regions.finder(download)("any.jpg", rgb), regions.small_regions(rgb)
    )
