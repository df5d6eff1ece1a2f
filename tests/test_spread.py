"""Hints reach what looks alike, and not beyond edges: the evidence that they add to logits."""

from itertools import product

import numpy as np
import pytest
from scipy.sparse import lil_array
from scipy.sparse.csgraph import dijkstra
from scipy.special import softmax
from scipy.stats import multivariate_normal

from colorization.color import lab
from colorization.color.lab import AB_SCALE, L_SCALE
from colorization.colorizing.borders import Picture
from colorization.colorizing.hints import Hint
from colorization.colorizing.prepared import Prepared
from colorization.colorizing.spread import log_likelihood
from colorization.core.errors import ColorizationError

SIDE = 16  # px, of the logits
ERROR, REACH, CONTRAST = 5, 0.8, 4  # of docs/hints.md
RED, BLUE = (200, 30, 40), (20, 60, 220)
CENTERS = np.random.default_rng(1).uniform(-0.7, 0.7, (50, 2)).astype(np.float32)


def photograph(L_star: np.ndarray, picture: Picture | None = None) -> Prepared:
    """A photograph of 160 x 160 px with this L*, (SIDE, SIDE), whose L is twice as large."""
    large = L_star.repeat(2, axis=0).repeat(2, axis=1)
    L = (large / L_SCALE - 1).astype(np.float32)[..., None]
    return Prepared(L, None, (10 * SIDE, 10 * SIDE), picture)


def plain(L_star: float = 50) -> Prepared:
    return photograph(np.full((SIDE, SIDE), L_star))


def halves() -> Prepared:
    """Dark on the left, bright on the right."""
    L_star = np.full((SIDE, SIDE), 20.0)
    L_star[:, SIDE // 2 :] = 80
    return photograph(L_star)


def at(row: int, column: int, color: tuple[int, int, int] = RED) -> Hint:
    """A hint in the middle of a pixel of the logits."""
    return Hint(10 * column + 5, 10 * row + 5, color)


def spread(hints: list[Hint], to: Prepared) -> np.ndarray:
    logits = np.zeros((SIDE, SIDE, len(CENTERS)), np.float32)
    return log_likelihood(hints, to, logits, CENTERS)


def color_of(hint: Hint) -> np.ndarray:
    return lab.rgb_to_lab(np.array([[hint.color]], np.uint8))[1][0, 0]


def weights(evidence: np.ndarray, hint: Hint) -> np.ndarray:
    """How much a hint counts at each pixel, beside its own place."""
    whole = -np.square(CENTERS - color_of(hint)).sum(axis=1) / (2 * (ERROR / AB_SCALE) ** 2)
    centered = evidence - evidence.mean(axis=-1, keepdims=True)
    return centered @ (whole - whole.mean()) / np.square(whole - whole.mean()).sum()


def test_at_its_place_a_hint_is_an_observation_with_a_gaussian_error() -> None:
    prior = np.random.default_rng(5).normal(0, 3, (SIDE, SIDE, len(CENTERS)))
    hint = at(4, 7)
    posterior = softmax(prior + spread([hint], plain()), axis=-1)
    density = multivariate_normal(color_of(hint), (ERROR / AB_SCALE) ** 2).logpdf(CENTERS)
    expected = softmax(prior + density, axis=-1)
    np.testing.assert_allclose(posterior[4, 7], expected[4, 7], atol=1e-5)
    assert np.abs(posterior[0, 0] - expected[0, 0]).max() > 0.01


def test_it_counts_for_less_by_the_geodesic_distance() -> None:
    """The distance is that of SciPy's Dijkstra, over all eight neighbors of each pixel."""
    L_star = np.random.default_rng(2).uniform(40, 44, (SIDE, SIDE))
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    graph = lil_array((SIDE * SIDE, SIDE * SIDE))
    for row, column in np.ndindex(SIDE, SIDE):
        for y, x in product((row - 1, row, row + 1), (column - 1, column, column + 1)):
            if (y, x) != (row, column) and 0 <= y < SIDE and 0 <= x < SIDE:
                length = np.hypot(y - row, x - column) / (REACH * SIDE)
                change = ((L_star[y, x] - L_star[row, column]) / CONTRAST) ** 2
                graph[number[row, column], number[y, x]] = length + change
    hint = at(4, 7)
    distances = dijkstra(graph, indices=number[4, 7])
    actual = weights(spread([hint], photograph(L_star)), hint)
    np.testing.assert_allclose(actual.ravel(), np.exp(-distances), rtol=1e-3, atol=1e-5)


def test_beyond_an_edge_it_hardly_counts() -> None:
    hint = at(8, 4)
    counts = weights(spread([hint], halves()), hint)
    assert counts[:, : SIDE // 2].min() > 0.4  # everywhere on its side
    assert counts[:, SIDE // 2 :].max() < 0.01


def test_what_has_other_predicted_colors_is_beyond_an_edge() -> None:
    hint, logits = at(8, 4), np.zeros((SIDE, SIDE, len(CENTERS)), np.float32)
    farthest = np.square(CENTERS - CENTERS.mean(axis=0)).sum(axis=1).argmax()
    logits[:, SIDE // 2 :, farthest] = 20
    counts = weights(log_likelihood([hint], plain(), logits, CENTERS), hint)
    assert counts[:, : SIDE // 2].min() > 0.4
    assert counts[:, SIDE // 2 :].max() < 0.01


def test_around_an_edge_it_reaches_what_is_connected() -> None:
    L_star = np.full((SIDE, SIDE), 20.0)
    L_star[2:, 7:9] = 80  # a wall with a gap
    hint = at(12, 3)
    counts = weights(spread([hint], photograph(L_star)), hint)
    assert counts[12, 12] > 0.1
    assert counts[12, 8] < 0.02


def test_of_two_hints_each_counts_on_its_side() -> None:
    red, blue = at(8, 3), at(8, 12, BLUE)
    both, alone = spread([red, blue], halves()), spread([red], halves())
    np.testing.assert_allclose(
        weights(both, red)[:, : SIDE // 2], weights(alone, red)[:, : SIDE // 2], rtol=0.02
    )
    np.testing.assert_array_equal(both[8, 3], alone[8, 3])  # its own place


def test_between_two_hints_their_colors_are_blended() -> None:
    evidence = spread([at(8, 3), at(8, 13, BLUE)], plain())
    likeliest = CENTERS[evidence.argmax(axis=-1)][8]
    middle = (color_of(at(0, 0)) + color_of(at(0, 0, BLUE))) / 2
    nearest = CENTERS[np.square(CENTERS - middle).sum(axis=1).argmin()]
    np.testing.assert_array_equal(likeliest[8], nearest)


def test_of_two_hints_the_nearer_counts_by_the_fourth_power_of_the_distance() -> None:
    evidence = spread([at(8, 3), at(8, 12, BLUE)], plain())[8, 6]  # 3 and 6 px from there
    blended = (2**4 * color_of(at(0, 0)) + color_of(at(0, 0, BLUE))) / (2**4 + 1)
    density = multivariate_normal(blended, (ERROR / AB_SCALE) ** 2).logpdf(CENTERS)
    expected = np.exp(-3 / (REACH * SIDE)) * density
    np.testing.assert_allclose(
        evidence - evidence.mean(), expected - expected.mean(), rtol=1e-3, atol=1e-2
    )


def test_of_two_hints_in_one_place_the_later_one_counts() -> None:
    first, later = at(8, 8), at(8, 8, BLUE)
    np.testing.assert_array_equal(spread([first, later], plain()), spread([later], plain()))


def test_a_hint_beside_an_edge_counts_on_its_side() -> None:
    hint = at(8, SIDE // 2 - 1)
    counts = weights(spread([hint], halves()), hint)
    assert counts[:, : SIDE // 2].min() > 0.3
    assert counts[:, SIDE // 2 :].max() < 0.01


def test_within_a_border_hints_belong_to_the_picture() -> None:
    picture = Picture((80, 80, 240, 240), (320, 320))
    bordered = plain()._replace(size=(320, 320), picture=picture)
    np.testing.assert_array_equal(
        spread([Hint(80 + 45, 80 + 75, RED)], bordered), spread([Hint(45, 75, RED)], plain())
    )
    with pytest.raises(ColorizationError, match="on the photograph's border"):
        spread([Hint(5, 75, RED)], bordered)
