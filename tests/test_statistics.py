"""Color statistics against NumPy's histogram, and weights calculated manually."""

from pathlib import Path

import numpy as np
import pytest

from colorization.color import lab
from colorization.color.statistics import ColorStatistics, count_colors, soft_assign
from samples import scene


def ab_of(*points: tuple[float, float]) -> np.ndarray:
    """An image with one pixel of each CIE a and b."""
    return np.array([[points]], np.float32) / lab.AB_SCALE


def test_bins_and_mean_agree_with_numpy() -> None:
    ab = lab.rgb_to_lab(np.stack([scene(seed, 32, 32) for seed in range(5)]))[1]
    colors = count_colors(ab)
    edges = np.arange(-135, 136, 10)
    a, b = (ab[..., channel].ravel() * lab.AB_SCALE for channel in (0, 1))
    expected, _, _ = np.histogram2d(a, b, [edges, edges])
    np.testing.assert_array_equal(colors.pixels, expected)
    np.testing.assert_allclose(colors.mean_ab, ab.mean(axis=(0, 1, 2)), atol=1e-6)
    assert (colors.mean_ab.shape, colors.mean_ab.dtype) == ((2,), np.float32)


def test_all_of_ab_has_a_bin() -> None:
    corners = [(a, b) for a in (-128, 0, 128) for b in (-128, 0, 128)]
    assert count_colors(ab_of(*corners)).pixels.sum() == 9


def test_the_table_lists_the_bins_that_occur_by_their_centers() -> None:
    table = count_colors(ab_of((0, 0), (0, 0), (12.5, -30), (-10, 90))).table()
    assert list(table.columns) == ["a", "b", "pixels", "assigned"]
    expected = np.array([[-10, 90, 1, 1], [0, 0, 2, 2], [10, -30, 1, 0.75], [20, -30, 0, 0.25]])
    np.testing.assert_allclose(table.to_numpy(), expected, atol=1e-6)


def test_the_weighted_mean_of_the_four_bins_is_the_color() -> None:
    rng = np.random.default_rng(1)
    ab = rng.uniform(-1, 1, (500, 2)).astype(np.float32)
    index, weight = (np.stack(arrays) for arrays in zip(*soft_assign(ab), strict=True))
    centers = 10.0 * np.stack([index // 27 - 13, index % 27 - 13], axis=-1)
    np.testing.assert_allclose((weight[..., None] * centers).sum(axis=0) / 128, ab, atol=1e-6)
    np.testing.assert_allclose(weight.sum(axis=0), 1, atol=1e-6)
    assert weight.min() >= 0
    assert np.abs(centers / 128 - ab).max() < 10 / 128 + 1e-6


def test_read_inverts_write(tmp_path: Path) -> None:
    colors = count_colors(lab.rgb_to_lab(scene(3, 64, 64))[1][None])
    colors.write(tmp_path)
    read = ColorStatistics.read(tmp_path)
    for name in ("mean_ab", "pixels", "assigned"):
        np.testing.assert_array_equal(getattr(read, name), getattr(colors, name))
    assert read.mean_ab.dtype == np.float32


def test_a_colors_weight_is_the_inverse_of_its_frequency() -> None:
    colors = count_colors(ab_of((0, 0), (0, 0), (0, 0), (0, 0), (20, 0), (20, 0), (0, 50)))
    weights = colors.rarity(ab_of((1, 2), (19, -1), (0, 50), (100, 100)))
    # A color that does not occur has the weight of the rarest that does.
    np.testing.assert_allclose(weights, [[[0.25, 0.5, 1, 1]]])


def test_all_bins_have_the_same_total_weight() -> None:
    ab = lab.rgb_to_lab(scene(3, 64, 64))[1]
    colors = count_colors(ab[None])
    weights = colors.rarity(ab)
    occurring = (colors.pixels > 0).sum()
    rarest = colors.pixels[colors.pixels > 0].min()
    assert weights.sum() == pytest.approx(occurring * rarest)  # each bin as the rarest
