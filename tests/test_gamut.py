"""Colors that sRGB cannot show keep their L* and hue, and as much chroma as it can show."""

import numpy as np
import pytest

from colorization.color import cie, gamut, lab

COUNT = 100_000
STEP = 0.15  # of chroma: what bisection leaves, and a little


@pytest.fixture(scope="module")
def everywhere() -> np.ndarray:
    """CIE L*, a*, b*, (N, 3): every lightness and hue, and chroma as far as a network's goes."""
    rng = np.random.default_rng(1)
    L, hue, chroma = (rng.uniform(0, end, COUNT) for end in (100, 2 * np.pi, 181))
    L[:1000] = np.repeat([0, 100], 500)
    return np.stack([L, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def mapped(everywhere: np.ndarray) -> np.ndarray:
    return map_to_gamut(everywhere)


def map_to_gamut(colors: np.ndarray) -> np.ndarray:
    """The same, (N, 3), with the chroma that sRGB can show."""
    channels = colors.T.copy()
    gamut.map_to_gamut(channels)
    return channels.T


def to_rgb(colors: np.ndarray) -> np.ndarray:
    """In 8 bits, before rounding and unclipped; by CIE 15 and IEC 61966-2-1, in float64."""
    L, a, b = colors.T.astype(np.float64)
    f = np.stack([(L + 16) / 116 + a / 500, (L + 16) / 116, (L + 16) / 116 - b / 200])
    XYZ = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    XYZ *= np.array([[0.95047], [1], [1.08883]])
    matrix = [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169]]
    linear = np.linalg.inv([*matrix, [0.019334, 0.119193, 0.950227]]) @ XYZ
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return 255 * np.where(linear > 0.0031308, curved, 12.92 * linear).T


def chroma_of(colors: np.ndarray) -> np.ndarray:
    return np.hypot(colors[:, 1], colors[:, 2])


def is_shown(colors: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether 8 bits have the color, but for rounding."""
    rgb = to_rgb(colors)
    return np.all((rgb > -0.5 - tolerance) & (rgb < 255.5 + tolerance), axis=1)


def test_every_color_ends_where_8_bits_have_it(mapped: np.ndarray) -> None:
    assert is_shown(mapped, 0.02).all()


def test_colors_that_8_bits_have_are_unchanged_to_the_bit(
    everywhere: np.ndarray, mapped: np.ndarray
) -> None:
    inside = is_shown(everywhere, -0.02)
    assert 0.2 < inside.mean() < 0.3
    np.testing.assert_array_equal(mapped[inside], everywhere[inside])


def test_lightness_and_hue_stay(everywhere: np.ndarray, mapped: np.ndarray) -> None:
    np.testing.assert_array_equal(mapped[:, 0], everywhere[:, 0])
    colored = chroma_of(mapped) > 0.01
    before, after = (
        np.arctan2(each[colored, 2], each[colored, 1]) for each in (everywhere, mapped)
    )
    np.testing.assert_allclose(np.cos(after - before), 1, atol=1e-6)
    assert (chroma_of(mapped) <= chroma_of(everywhere)).all()


def test_chroma_is_the_largest_that_can_be_shown(
    everywhere: np.ndarray, mapped: np.ndarray
) -> None:
    """Each step on the way back to the color that was wished for is outside."""
    chroma, wished = chroma_of(mapped), chroma_of(everywhere)
    changed = chroma < wished
    for further in np.geomspace(STEP, 150, 40):
        between = changed & (chroma + further < wished)
        larger = mapped[between].copy()
        larger[:, 1:] = everywhere[between, 1:] * (chroma + further)[between, None]
        larger[:, 1:] /= wished[between, None]
        assert not is_shown(larger, -0.02).any()


def test_yellow_that_red_leaves_on_the_way_gets_its_largest_chroma_too() -> None:
    # Between the chromas 80 and 87 of this hue, red is too bright by two steps of 8 bits.
    direction = np.array([np.cos(np.radians(98.5)), np.sin(np.radians(98.5))])
    vivid = np.array([[93, *(chroma * direction)] for chroma in (79, 84, 88, 130)], np.float32)
    vivid = map_to_gamut(vivid)
    np.testing.assert_allclose(chroma_of(vivid)[:2], [79, 79.7], atol=0.1)
    assert chroma_of(vivid)[2] == pytest.approx(88, abs=1e-4)
    assert chroma_of(vivid)[3] > 88


def test_the_lightness_of_what_is_shown_is_that_of_the_photograph(everywhere: np.ndarray) -> None:
    L = everywhere[:, None, :1] / np.float32(50) - 1
    shown = lab.lab_to_rgb(L, everywhere[:, None, 1:] / np.float32(lab.AB_SCALE))
    moved = np.abs(lab.rgb_to_lab(shown)[0] - L) * lab.L_SCALE
    assert moved.max() < 0.3  # half a step of 8 bits


def test_the_light_that_comes_with_it_is_that_of_the_colors(
    everywhere: np.ndarray, mapped: np.ndarray
) -> None:
    linear = gamut.map_to_gamut(everywhere.T.copy())
    shown = np.clip(to_rgb(mapped), 0, 255)
    np.testing.assert_allclose(cie.linear_to_srgb(linear), shown, atol=0.51)


def test_a_color_comes_to_the_same_whatever_is_beside_it(
    everywhere: np.ndarray, mapped: np.ndarray
) -> None:
    for some in (slice(0, 1), slice(5, 3000)):
        np.testing.assert_array_equal(map_to_gamut(everywhere[some]), mapped[some])
