"""Counted colors against NumPy's histogram, and weights by hand."""

from pathlib import Path

import numpy as np
import pytest

from colorization.color import lab
from colorization.color.statistics import ColorStatistics, assign, count_colors
from samples import scene


def ab_of(*points: tuple[float, float]) -> np.ndarray:
    """An image of these CIE a and b, one pixel each."""
    return np.array([[points]], np.float32) / lab.AB_SCALE


def test_bins_and_mean_are_those_of_numpy() -> None:
    ab = lab.rgb_to_lab(np.stack([scene(seed, 32, 32) for seed in range(5)]))[1]
    found = count_colors(ab)
    edges = np.arange(-135, 136, 10)
    a, b = (ab[..., channel].ravel() * lab.AB_SCALE for channel in (0, 1))
    expected, _, _ = np.histogram2d(a, b, [edges, edges])
    np.testing.assert_array_equal(found.pixels, expected)
    np.testing.assert_allclose(found.mean_ab, ab.mean(axis=(0, 1, 2)), atol=1e-6)
    assert (found.mean_ab.shape, found.mean_ab.dtype) == ((2,), np.float32)


def test_all_of_ab_has_a_bin() -> None:
    corners = [(a, b) for a in (-128, 0, 128) for b in (-128, 0, 128)]
    assert count_colors(ab_of(*corners)).pixels.sum() == 9


def test_the_table_lists_the_bins_that_occur_by_their_centers() -> None:
    table = count_colors(ab_of((0, 0), (0, 0), (12.5, -30), (-10, 90))).table()
    assert list(table.columns) == ["a", "b", "pixels", "assigned"]
    expected = np.array([[-10, 90, 1, 1], [0, 0, 2, 2], [10, -30, 1, 0.75], [20, -30, 0, 0.25]])
    np.testing.assert_allclose(table.to_numpy(), expected, atol=1e-6)


def test_the_four_bins_of_a_color_have_it_as_their_mean() -> None:
    rng = np.random.default_rng(1)
    ab = rng.uniform(-1, 1, (500, 2)).astype(np.float32)
    index, weight = (np.stack(each) for each in zip(*assign(ab), strict=True))
    centers = 10.0 * np.stack([index // 27 - 13, index % 27 - 13], axis=-1)
    np.testing.assert_allclose((weight[..., None] * centers).sum(axis=0) / 128, ab, atol=1e-6)
    np.testing.assert_allclose(weight.sum(axis=0), 1, atol=1e-6)
    assert weight.min() >= 0
    assert np.abs(centers / 128 - ab).max() < 10 / 128 + 1e-6


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    seen = count_colors(lab.rgb_to_lab(scene(3, 64, 64))[1][None])
    seen.write(tmp_path)
    read = ColorStatistics.read(tmp_path)
    for name in ("mean_ab", "pixels", "assigned"):
        np.testing.assert_array_equal(getattr(read, name), getattr(seen, name))
    assert read.mean_ab.dtype == np.float32


def test_a_color_weighs_by_the_inverse_of_its_frequency() -> None:
    seen = count_colors(ab_of((0, 0), (0, 0), (0, 0), (0, 0), (20, 0), (20, 0), (0, 50)))
    weights = seen.rarity(ab_of((1, 2), (19, -1), (0, 50), (100, 100)))
    # What never occurred weighs like the rarest that did.
    np.testing.assert_allclose(weights, [[[0.25, 0.5, 1, 1]]])


def test_weights_balance_the_colors_of_the_set_itself() -> None:
    ab = lab.rgb_to_lab(scene(3, 64, 64))[1]
    seen = count_colors(ab[None])
    weights = seen.rarity(ab)
    occurring = (seen.pixels > 0).sum()
    rarest = seen.pixels[seen.pixels > 0].min()
    assert weights.sum() == pytest.approx(occurring * rarest)  # each color as much as the rarest
