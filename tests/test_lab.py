"""CIE Lab against published values, and round trips over all of sRGB."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage import color
from skimage.color import colorconv

from colorization.color import cie, lab
from colorization.dataset.arrays import CACHE_DTYPE

with np.printoptions():  # importing it sets legacy print options
    import colour

GOLDEN = Path(__file__).parent / "golden" / "lab_srgb_d65.csv"


def grid(step: int) -> np.ndarray:
    """All of sRGB at a step, with its corners: (n * n, n, 3) uint8."""
    levels = np.arange(0, 256, step, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, len(levels), 3)


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    return grid(3)  # 86 ** 3 = 636,056 colors


def test_lab_agrees_with_published_values() -> None:
    table = pd.read_csv(GOLDEN, comment="#")
    L, ab = lab.rgb_to_lab(table[["r", "g", "b"]].to_numpy(np.uint8)[None])
    actual = np.concatenate([(L + 1) * 50, ab * 128], axis=-1)[0]
    # The white point's last digits (0.95047 or 0.950456) differ between publications: 0.01 in b*.
    np.testing.assert_allclose(actual, table[["L*", "a*", "b*"]], atol=0.02)


def lab_star(rgb: np.ndarray) -> np.ndarray:
    """L*, a* and b* by this project."""
    L, ab = lab.rgb_to_lab(rgb)
    return np.concatenate([(L + 1) * 50, ab * 128], axis=-1)


def test_lab_agrees_with_colour_science_over_all_of_srgb(rgb: np.ndarray) -> None:
    """An independent implementation, in float64.

    Its sRGB matrix and D65 white differ from scikit-image's in the last digits: x 0.3127, y 0.3290,
    so 0.95046, 1, 1.08906, against 0.95047, 1, 1.08883. That is a fortieth of a just noticeable
    difference, about 1.
    """
    D65 = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"]
    expected = colour.XYZ_to_Lab(colour.sRGB_to_XYZ(rgb / 255.0), D65)
    np.testing.assert_allclose(lab_star(rgb), expected, rtol=0, atol=0.025)


def test_with_the_same_constants_only_rounding_differs(rgb: np.ndarray) -> None:
    XYZ = colour.models.eotf_sRGB(rgb / 255.0) @ colorconv.xyz_from_rgb.T
    white = colour.XYZ_to_xy(colorconv.xyz_tristimulus_values(illuminant="D65", observer="2"))
    np.testing.assert_allclose(lab_star(rgb), colour.XYZ_to_Lab(XYZ, white), rtol=0, atol=1e-3)


def test_lab_agrees_with_scikit_image_over_all_of_srgb(rgb: np.ndarray) -> None:
    """In float64: the error of scikit-image's float32 is larger than this project's.

    The tolerance is that of float32: f is near 1 and rounded to 6e-8, and a* is 500 times a
    difference of two. NumPy's powers are not rounded the same on every processor.
    """
    for lines in np.array_split(rgb, 20):
        actual = np.moveaxis(cie.rgb_to_lab(lines), 0, -1)
        np.testing.assert_allclose(actual, color.rgb2lab(lines), rtol=0, atol=1e-4)
        np.testing.assert_array_equal(cie.luminance(lines), actual[..., 0])


def test_linear_light_is_rounded_to_the_nearest_8_bits_of_scikit_images_curve() -> None:
    light = np.linspace(-0.1, 1.1, 1_000_003, dtype=np.float32)
    gray = light.clip(0, 1).astype(float)[:, None] * colorconv.xyz_from_rgb.sum(axis=1)
    exact = colorconv.xyz2rgb(gray)
    nearest = np.rint(255 * exact.mean(axis=1))
    actual = cie.linear_to_srgb(np.stack([light] * 3))
    assert (actual == actual[:, :1]).all()
    difference = actual[:, 0] - nearest
    assert np.abs(difference).max() <= 1  # float32 rounds otherwise halfway between two steps
    assert np.mean(difference != 0) < 1e-3


def test_the_size_of_blocks_does_not_matter(
    rgb: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lab.rgb_to_lab(rgb)
    for pixels in (1, 200, 10**9):
        monkeypatch.setattr(lab, "BLOCK_PIXELS", pixels)
        for actual, expected in zip(lab.rgb_to_lab(rgb[:300]), whole, strict=True):
            np.testing.assert_array_equal(actual, expected[:300])


def test_lab_to_rgb_inverts_rgb_to_lab_exactly(rgb: np.ndarray) -> None:
    np.testing.assert_array_equal(lab.lab_to_rgb(*lab.rgb_to_lab(rgb)), rgb)


def test_the_round_trip_through_the_cache_is_exact_to_one_of_255(rgb: np.ndarray) -> None:
    L, ab = lab.rgb_to_lab(rgb)
    back = lab.lab_to_rgb(L.astype(CACHE_DTYPE), ab.astype(CACHE_DTYPE))
    assert np.abs(back.astype(int) - rgb).max() <= 1


def test_all_of_srgb_is_in_the_range_of_tanh(rgb: np.ndarray) -> None:
    L, ab = lab.rgb_to_lab(rgb)
    assert L.dtype == ab.dtype == np.float32
    assert L.min() == -1
    assert 1 - 1e-6 < L.max() <= 1
    assert np.abs(ab).max() < 1
    assert np.abs(ab).max() > 0.8  # blue has b* = -107.9


def test_gray_has_no_chroma() -> None:
    gray = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    L, ab = lab.rgb_to_lab(gray)
    # Less than a hundredth of a just noticeable difference, 1 in a* or b*.
    assert np.abs(ab * 128).max() < 0.01
    assert (np.diff(L[0, :, 0]) > 0).all()


def test_without_chroma_the_image_is_gray_and_keeps_its_luminance() -> None:
    L, _ = lab.rgb_to_lab(grid(51))
    gray = lab.lab_to_rgb(L, np.zeros(2))
    # The fourth digits of the white point and the matrix are inconsistent: rounding may show it.
    assert np.ptp(gray.astype(int), axis=-1).max() <= 1
    # 8-bit gray has steps of up to 0.56 in L*; the rounding error is half a step.
    np.testing.assert_allclose((lab.rgb_to_lab(gray)[0] + 1) * 50, (L + 1) * 50, atol=0.29)


def test_colors_outside_the_gamut_reach_its_boundary_without_a_warning() -> None:
    L = np.array([-1, -0.9, 0, 1], dtype=np.float32).reshape(1, 4, 1)
    for ab in ([0.99, 0.99], [-0.99, 0.99], [0.99, -0.99], [-0.99, -0.99]):
        rgb = lab.lab_to_rgb(L, np.array(ab))
        assert rgb.shape == (1, 4, 3)
        for pixel in rgb[0].tolist():
            assert {0, 255} & set(pixel)


def test_colors_inside_the_gamut_agree_with_scikit_image(rgb: np.ndarray) -> None:
    L, ab = lab.rgb_to_lab(rgb)
    nearby = (0.97 * ab).astype(np.float32)  # between 8-bit steps
    expected = color.lab2rgb(lab.to_cie(L, nearby))
    difference = np.abs(lab.lab_to_rgb(L, nearby) - np.rint(expected * 255))
    assert difference.max() <= 1  # float32 rounds otherwise halfway between two steps
    assert np.mean(difference > 0) < 1e-4


def test_an_empty_image_is_converted_to_an_empty_image() -> None:
    assert lab.lab_to_rgb(np.empty((0, 4, 1)), np.empty((0, 4, 2))).shape == (0, 4, 3)
