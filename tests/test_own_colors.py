"""Photographs in color are told from gray, toned and stained ones."""

import numpy as np
import pytest
from PIL import Image

from colorization.color import lab
from colorization.colorizing.own_colors import has_own_colors
from colorization.sources import scenes


def scene(seed: int) -> Image.Image:
    return Image.fromarray(scenes.draw(np.random.default_rng(seed), 120, 90))


def toned(image: Image.Image, hue: float, chroma: float, stain: float = 0.0) -> Image.Image:
    """A print toned to a hue, in degrees, most in the middle tones, unevenly across."""
    L = lab.luminance(np.asarray(image))
    amount = chroma * (1 - L**2) * (1 + stain * np.linspace(-1, 1, image.width)[:, None])
    ab = amount * np.array([np.cos(np.deg2rad(hue)), np.sin(np.deg2rad(hue))]) / lab.AB_SCALE
    return Image.fromarray(lab.lab_to_rgb(L, ab))


def noisy(image: Image.Image, deviation: float) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, deviation, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("seed", range(3))
def test_a_scene_is_in_color_until_it_is_gray(seed: int) -> None:
    assert has_own_colors(scene(seed))
    assert not has_own_colors(scene(seed).convert("L").convert("RGB"))


@pytest.mark.parametrize("hue", [75.0, 20.0, 260.0])  # sepia, copper, cyanotype
@pytest.mark.parametrize("stain", [0.0, 0.6])
def test_a_toned_print_is_not_in_color(hue: float, stain: float) -> None:
    for seed in range(2):
        assert not has_own_colors(toned(scene(seed), hue, 18, stain))


def test_a_scanner_s_color_noise_is_no_color() -> None:
    assert not has_own_colors(noisy(scene(1).convert("L").convert("RGB").resize((640, 480)), 12))


def test_faded_colors_are_colors() -> None:
    L, ab = lab.rgb_to_lab(np.asarray(scene(1)))
    faded = lab.lab_to_rgb(0.6 * L + 0.2, 0.5 * ab + np.array([10, 12]) / lab.AB_SCALE)
    assert has_own_colors(Image.fromarray(faded))


def test_one_colored_thing_in_a_gray_photograph_is_color() -> None:
    gray = scene(1).convert("L").convert("RGB")
    gray.paste((200, 30, 40), (40, 40, 70, 70))  # 8% of the area
    assert has_own_colors(gray)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (5000, 2)])
def test_any_size_is_judged(size: tuple[int, int]) -> None:
    assert not has_own_colors(Image.new("RGB", size, (120, 90, 60)))
