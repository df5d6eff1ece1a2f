"""Hints reach each level of a network, and are drawn from the true colors."""

import keras
import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal

from colorization.color.lab import AB_SCALE
from colorization.networks.hints import (
    AB_SPREAD,
    ERROR,
    HintAttention,
    HintLikelihood,
    JoinHints,
)
from colorization.training.hints import PATCH_SIDES, draw_hints, patches


def truth(images: int, side: int) -> np.ndarray:
    """Colors that differ from pixel to pixel, within [-1, 1]."""
    shape = (images, side, side, 2)
    return np.random.default_rng(3).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_a_pixel_gets_the_mean_color_of_the_hints_in_its_place(factor: int) -> None:
    hints = np.zeros((1, 8, 8, 3), np.float32)
    hints[0, 4, 5] = (0.5, -0.25, 1)
    hints[0, 5, 5] = (0.1, 0.75, 1)
    features = np.full((1, 8 // factor, 8 // factor, 4), 7, np.float32)
    joined = np.asarray(JoinHints(factor)(features, hints))
    np.testing.assert_array_equal(joined[..., :4], features)
    expected = np.zeros((8 // factor, 8 // factor, 3), np.float32)
    for row, column in {(4 // factor, 5 // factor), (5 // factor, 5 // factor)}:
        block = hints[0, row * factor :, column * factor :][:factor, :factor].reshape(-1, 3)
        a, b, _ = block[block[:, 2] == 1].mean(axis=0)
        expected[row, column] = a / AB_SPREAD, b / AB_SPREAD, 1
    np.testing.assert_allclose(joined[0, ..., 4:], expected, atol=1e-6)


def test_no_hints_are_as_hints_nowhere() -> None:
    features = truth(2, 4)
    nowhere = np.zeros((2, 8, 8, 3), np.float32)
    layer = JoinHints(2)
    np.testing.assert_array_equal(np.asarray(layer(features)), np.asarray(layer(features, nowhere)))
    again = JoinHints.from_config(layer.get_config())
    assert again.compute_output_shape(features.shape) == (2, 4, 4, 5)


def attended(layer: HintAttention, features: np.ndarray, hints: np.ndarray) -> np.ndarray:
    """What the layer appends to the features of one image, (H, W, 3)."""
    result = np.asarray(layer(features[None], hints[None]))[0]
    np.testing.assert_array_equal(result[..., :-3], features)
    return result[..., -3:]


def test_attention_is_the_softmax_of_queries_and_keys_over_the_hints_and_none() -> None:
    features = np.random.default_rng(4).normal(0, 2, (6, 4, 5)).astype(np.float32)
    hints = np.zeros((12, 8, 3), np.float32)
    # Two in the upper left 4 x 4 pixels, which share a key, and one in the lower right ones.
    hints[1, 2], hints[3, 3], hints[10, 5] = (0.5, 0.25, 1), (0.3, 0.15, 1), (-0.25, 0.0, 1)
    layer = HintAttention(2, key_size=3)
    actual = attended(layer, features, hints)
    queries, keys = (features @ np.asarray(kernel) for kernel in (layer.query, layer.key))
    shared = (keys[0, 1] + keys[1, 1]) / 2
    scores = np.stack([queries @ shared, queries @ shared, queries @ keys[5, 2]], axis=-1) / 3**0.5
    weights = softmax(np.dstack([scores, np.zeros((6, 4))]), axis=-1)
    values = np.array([(0.4, 0.2, 1), (0.4, 0.2, 1), (-0.25, 0, 1), (0, 0, 0)])
    np.testing.assert_allclose(actual, weights @ values / (AB_SPREAD, AB_SPREAD, 1), atol=1e-5)


@pytest.mark.parametrize("top", [4, 5, 6, 7])
@pytest.mark.parametrize("left", [4, 5, 6, 7])
def test_a_patch_of_hints_has_the_same_weight_anywhere(top: int, left: int) -> None:
    """Whether one, two or four squares share it; nine pixels have nine times the weight of one."""
    features = np.ones((8, 8, 1), np.float32)
    hints = np.zeros((16, 16, 3), np.float32)
    hints[top : top + 3, left : left + 3] = (0.25, -0.125, 1)
    layer = HintAttention(2, key_size=1)
    layer.build(features[None].shape)
    layer.query.assign([[1.0]])
    layer.key.assign([[-1.0]])
    weight = 9 * np.exp(-1) / (9 * np.exp(-1) + 1)
    expected = np.broadcast_to(weight * np.array([2.0, -1.0, 1.0]), (8, 8, 3))
    np.testing.assert_allclose(attended(layer, features, hints), expected, atol=1e-5)


def test_attention_in_16_bits_is_close_to_that_in_32() -> None:
    features = np.random.default_rng(6).normal(size=(1, 8, 8, 16)).astype(np.float32)
    hints = np.zeros((1, 16, 16, 3), np.float32)
    hints[0, 3, 5], hints[0, 12, 8] = (0.5, -0.25, 1), (-0.3, 0.2, 1)
    exact, mixed = HintAttention(2), HintAttention(2, dtype="mixed_bfloat16")
    expected = np.asarray(exact(features, hints))
    mixed.build(features.shape)
    mixed.set_weights(exact.get_weights())
    actual = np.asarray(keras.ops.cast(mixed(features, hints), "float32"))
    np.testing.assert_allclose(actual, expected, atol=0.03 * np.abs(expected).max())


def test_attention_finds_what_looks_alike_wherever_it_is() -> None:
    """Pixels that look like the hint's place get its color, the same anywhere; others do not."""
    features = np.zeros((8, 8, 2), np.float32)
    features[..., 0] = 1
    features[:2, :2] = features[5:, 6:] = (0, 1)
    hints = np.zeros((8, 8, 3), np.float32)
    hints[0, 1] = (0.1, -0.1, 1)
    layer = HintAttention(1, key_size=1)
    layer.build(features[None].shape)
    layer.query.assign([[-9.0], [9.0]])
    layer.key.assign([[-9.0], [9.0]])
    result = attended(layer, features, hints)
    np.testing.assert_allclose(result[features[..., 1] == 1], [[0.8, -0.8, 1]] * 10, atol=1e-6)
    np.testing.assert_allclose(result[features[..., 1] == 0], 0, atol=1e-6)


def test_attention_without_hints_appends_nothing() -> None:
    features = truth(2, 4)
    nowhere = np.zeros((2, 8, 8, 3), np.float32)
    nowhere[1, 2, 3] = (0.5, 0.5, 1)  # hints of another image
    layer = HintAttention(2)
    without, some = np.asarray(layer(features)), np.asarray(layer(features, nowhere))
    np.testing.assert_array_equal(without[..., 2:], np.zeros((2, 4, 4, 3)))
    np.testing.assert_array_equal(some[0], without[0])
    assert some[1, ..., 2:].all()
    again = HintAttention.from_config(layer.get_config())
    assert again.compute_output_shape(features.shape) == (2, 4, 4, 5)


def test_a_hint_is_an_observation_with_a_gaussian_error() -> None:
    centers = truth(1, 4)[0].reshape(-1, 2)
    prior = np.random.default_rng(5).normal(0, 3, (1, 2, 2, len(centers))).astype(np.float32)
    hints = np.zeros((1, 2, 2, 3), np.float32)
    hints[0, 0, 1] = (0.5, -0.25, 1)
    layer = HintLikelihood(len(centers))
    layer(prior, hints)
    layer.set_colors(centers)
    expected = softmax(prior, axis=-1)
    error = multivariate_normal((0.5, -0.25), (ERROR / AB_SCALE) ** 2)
    # Only the ratio to the likeliest color matters, and densities underflow.
    density = error.logpdf(centers) - error.logpdf(centers).max()
    expected[0, 0, 1] *= np.exp(density)
    expected /= expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(softmax(np.asarray(layer(prior, hints)), -1), expected, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(layer(prior)), prior)


def test_hints_have_the_mean_color_of_their_place() -> None:
    ab = truth(1, 16)[0]
    hints = patches(ab, 1, np.random.default_rng(1))
    rows, columns = np.nonzero(hints[..., 2])
    place = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert hints[place][..., 2].all()
    assert len(rows) in [side**2 for side in PATCH_SIDES]
    np.testing.assert_allclose(
        hints[place][..., :2], np.broadcast_to(ab[place].mean((0, 1)), (*hints[place].shape[:2], 2))
    )
    assert not hints[hints[..., 2] == 0].any()


def test_a_fifth_of_the_images_get_hints_eight_on_average() -> None:
    hints = draw_hints(np.zeros((4000, 64, 64, 2), np.float32), np.random.default_rng(1))
    areas = hints[..., 2].sum(axis=(1, 2))
    assert np.mean(areas > 0) == pytest.approx(0.2, abs=0.03)
    mean_area = np.mean(np.square(PATCH_SIDES))
    # Patches overlap a little.
    assert areas[areas > 0].mean() / mean_area == pytest.approx(8, abs=0.5)


def test_a_network_takes_hints_or_none() -> None:
    L = keras.Input((None, None, 1), name="L")
    hints = keras.Input((None, None, 3), name="hints", optional=True)
    model = keras.Model([L, hints], JoinHints(1)(L, hints))
    gray = truth(1, 4)[..., :1]
    np.testing.assert_array_equal(
        model.predict_on_batch([gray, None]),
        model.predict_on_batch([gray, np.zeros((1, 4, 4, 3), np.float32)]),
    )
