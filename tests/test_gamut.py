"""Colors outside sRGB's gamut keep their L* and hue, and get the largest chroma inside it."""

import numpy as np
import pytest

from colorization.color import cie, gamut, lab

COUNT = 100_000
STEP = 0.15  # of chroma: the error of bisection, and a margin


@pytest.fixture(scope="module")
def colors() -> np.ndarray:
    """CIE L*, a*, b*, (N, 3), with the lightness, hue and chroma that a network can predict."""
    rng = np.random.default_rng(1)
    L, hue, chroma = (rng.uniform(0, end, COUNT) for end in (100, 2 * np.pi, 181))
    L[:1000] = np.repeat([0, 100], 500)
    return np.stack([L, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def mapped(colors: np.ndarray) -> np.ndarray:
    return map_to_gamut(colors)


def map_to_gamut(colors: np.ndarray) -> np.ndarray:
    """Map colors, (N, 3), into the gamut."""
    channels = colors.T.copy()
    gamut.map_to_gamut(channels)
    return channels.T


def to_rgb(colors: np.ndarray) -> np.ndarray:
    """sRGB in 0..255, before rounding and clipping; by CIE 15 and IEC 61966-2-1, in float64."""
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


def in_gamut(colors: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether the color rounds to 8-bit sRGB, within a tolerance."""
    rgb = to_rgb(colors)
    return np.all((rgb > -0.5 - tolerance) & (rgb < 255.5 + tolerance), axis=1)


def test_mapped_colors_are_inside_the_gamut(mapped: np.ndarray) -> None:
    assert in_gamut(mapped, 0.02).all()


def test_colors_inside_the_gamut_are_unchanged_to_the_bit(
    colors: np.ndarray, mapped: np.ndarray
) -> None:
    inside = in_gamut(colors, -0.02)
    assert 0.2 < inside.mean() < 0.3
    np.testing.assert_array_equal(mapped[inside], colors[inside])


def test_lightness_and_hue_are_kept(colors: np.ndarray, mapped: np.ndarray) -> None:
    np.testing.assert_array_equal(mapped[:, 0], colors[:, 0])
    colored = chroma_of(mapped) > 0.01
    before, after = (np.arctan2(array[colored, 2], array[colored, 1]) for array in (colors, mapped))
    np.testing.assert_allclose(np.cos(after - before), 1, atol=1e-6)
    assert (chroma_of(mapped) <= chroma_of(colors)).all()


def test_chroma_is_the_largest_inside_the_gamut(colors: np.ndarray, mapped: np.ndarray) -> None:
    """Each color between the mapped and the original one is outside."""
    chroma, original = chroma_of(mapped), chroma_of(colors)
    changed = chroma < original
    for step in np.geomspace(STEP, 150, 40):
        between = changed & (chroma + step < original)
        larger = mapped[between].copy()
        larger[:, 1:] = colors[between, 1:] * (chroma + step)[between, None]
        larger[:, 1:] /= original[between, None]
        assert not in_gamut(larger, -0.02).any()


def test_a_yellow_whose_red_leaves_the_gamut_twice_gets_its_largest_chroma() -> None:
    # Between the chromas 80 and 87 of this hue, red is too bright by two steps of 8 bits.
    direction = np.array([np.cos(np.radians(98.5)), np.sin(np.radians(98.5))])
    vivid = np.array([[93, *(chroma * direction)] for chroma in (79, 84, 88, 130)], np.float32)
    vivid = map_to_gamut(vivid)
    np.testing.assert_allclose(chroma_of(vivid)[:2], [79, 79.7], atol=0.1)
    assert chroma_of(vivid)[2] == pytest.approx(88, abs=1e-4)
    assert chroma_of(vivid)[3] > 88


def test_the_image_has_the_lightness_of_the_photograph(colors: np.ndarray) -> None:
    L = colors[:, None, :1] / np.float32(50) - 1
    rgb = lab.lab_to_rgb(L, colors[:, None, 1:] / np.float32(lab.AB_SCALE))
    moved = np.abs(lab.rgb_to_lab(rgb)[0] - L) * lab.L_SCALE
    assert moved.max() < 0.3  # half a step of 8 bits


def test_the_returned_linear_light_is_that_of_the_mapped_colors(
    colors: np.ndarray, mapped: np.ndarray
) -> None:
    linear = gamut.map_to_gamut(colors.T.copy())
    expected = np.clip(to_rgb(mapped), 0, 255)
    np.testing.assert_allclose(cie.linear_to_srgb(linear), expected, atol=0.51)


def test_the_result_does_not_depend_on_the_other_colors(
    colors: np.ndarray, mapped: np.ndarray
) -> None:
    for subset in (slice(0, 1), slice(5, 3000)):
        np.testing.assert_array_equal(map_to_gamut(colors[subset]), mapped[subset])
