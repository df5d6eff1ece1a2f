"""Drawn shapes have the color of their hints up to their edges."""

import numpy as np
import pytest
from scipy.ndimage import find_objects, label

from colorization.networks.classification import halve
from colorization.training.shapes import draw_shapes

SIDE = 64


def drawings(
    count: int, side: int = SIDE, seed: int = 1
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [draw_shapes(side, rng) for _ in range(count)]


def test_drawings_differ_and_depend_on_the_generator_alone() -> None:
    for first, again in zip(drawings(5), drawings(5), strict=True):
        for one, other in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == np.float32
    light = {L.tobytes() for L, _, _ in drawings(5)}
    assert len(light) == 5
    for L, ab, hints in drawings(50):
        assert (L.shape, ab.shape) == ((SIDE, SIDE, 1), (SIDE, SIDE, 2))
        assert hints.shape == (SIDE // 2, SIDE // 2, 3)
        assert -1 <= L.min() < L.max() <= 1
        assert set(np.unique(hints[..., 2])) <= {0.0, 1.0}


@pytest.mark.parametrize("side", [32, SIDE, 96])
def test_there_is_color_where_a_hint_tells_it_and_nowhere_else(side: int) -> None:
    for _, ab, hints in drawings(60, side):
        told = hints[..., 2] == 1
        assert not hints[~told].any()
        # No edge crosses a hint: what it tells is the color that the network is to learn there.
        np.testing.assert_allclose(halve(ab[None])[0][told], hints[told][:, :2], atol=1e-6)
        colors = {tuple(color) for color in ab.reshape(-1, 2)} - {(0.0, 0.0)}
        assert colors == {tuple(color) for color in hints[told][:, :2]} - {(0.0, 0.0)}


def test_a_color_ends_where_the_lightness_changes() -> None:
    """Within a color L varies by the grain, beyond its edge by another gray."""
    inside, across = [], []
    for L, ab, _ in drawings(100):
        different = (ab[:, 2:] != ab[:, :-2]).any(axis=-1)
        step = np.abs(L[:, 2:, 0] - L[:, :-2, 0])
        colored = (ab[:, 2:] != 0).any(axis=-1) & ~different
        inside.append(step[colored])
        across.append(step[different])
    assert np.concatenate(across).mean() > 3 * np.concatenate(inside).mean()


def test_shapes_are_large_and_about_half_of_the_area_is_colored() -> None:
    shares = [np.mean((ab != 0).any(axis=-1)) for _, ab, _ in drawings(200)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.1)
    largest = []
    for _, ab, hints in drawings(100):
        parts, count = label((ab != 0).any(axis=-1))
        if count:
            largest.append(max(part[0].stop - part[0].start for part in find_objects(parts)))
            assert hints[..., 2].sum() < 0.2 * hints[..., 2].size
    assert np.median(largest) > SIDE / 4
