"""The objective classification: class weights, soft encoding, loss and decoding."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.transform import downscale_local_mean

from colorization.color import lab
from colorization.color.statistics import ColorStatistics, count_colors, soft_assign
from colorization.networks import classification
from colorization.networks.architecture import build_network
from colorization.networks.catalog import load
from colorization.networks.classification import halve, rebalancing_weights
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel, VividnessDecoder
from samples import scene

RGB = np.stack([scene(seed, 32, 32) for seed in range(6)])
AB = lab.rgb_to_lab(RGB)[1]
COLORS = count_colors(AB)
OBJECTIVE = classification.classification(COLORS)
OCCURRING = np.argwhere(COLORS.assigned > 0)
CENTERS = 10.0 * (OCCURRING - 13) / lab.AB_SCALE
WEIGHTS = rebalancing_weights(COLORS.assigned)[tuple(OCCURRING.T)]


def shares(ab: np.ndarray) -> np.ndarray:
    """The soft encoding of ab by `statistics.assign`, (..., K)."""
    dense = np.zeros((*ab.shape[:-1], 27 * 27))
    for index, weight in soft_assign(ab):
        np.put_along_axis(
            dense,
            index[..., None],
            np.take_along_axis(dense, index[..., None], -1) + weight[..., None],
            -1,
        )
    return dense[..., OCCURRING @ (27, 1)]


def logits_of(probabilities: np.ndarray) -> np.ndarray:
    """The logits of a network that predicts these probabilities, under the loss's weights."""
    weighted = probabilities * WEIGHTS
    return np.log(np.maximum(weighted, 1e-30)).astype(np.float32)


@pytest.fixture(scope="module")
def decoder() -> VividnessDecoder:
    layer = VividnessDecoder(len(CENTERS))
    layer.build((None, None, None, len(CENTERS)))
    layer.set_colors(CENTERS, WEIGHTS)
    return layer


def test_weights_follow_zhangs_equation_on_a_small_histogram() -> None:
    assigned = np.zeros((9, 9))
    assigned[4, 4], assigned[4, 5], assigned[2, 2] = 80, 15, 5
    occurring = np.argwhere(assigned > 0)
    frequency = assigned[tuple(occurring.T)] / 100
    # A Gaussian of sigma 5 on a grid of width 10: exp(-distance^2 / 2 (5 / 10)^2), summed by hand.
    distance = ((occurring[:, None] - occurring) ** 2).sum(axis=-1)
    smoothed = (np.exp(-distance / (2 * 0.5**2)) * frequency).sum(axis=1)
    smoothed /= smoothed.sum()
    weights = 1 / (0.5 * smoothed + 0.5 / 3)
    weights /= (weights * frequency).sum()
    computed = rebalancing_weights(assigned)
    np.testing.assert_allclose(computed[tuple(occurring.T)], weights, rtol=1e-3)
    assert (computed > 0).sum() == 3
    assert computed[2, 2] > computed[4, 5] > computed[4, 4]


def test_the_mean_weight_of_a_pixel_is_1() -> None:
    assert (WEIGHTS * shares(AB).mean(axis=(0, 1, 2))).sum() == pytest.approx(1, abs=1e-4)


def test_a_certain_color_decodes_to_the_center_of_its_bin(decoder: VividnessDecoder) -> None:
    certain = logits_of(np.eye(len(CENTERS)))[:, None, None]
    np.testing.assert_allclose(decoder.decode(certain, 1, 1)[:, 0, 0], CENTERS, atol=1e-5)


def test_decoding_inverts_the_soft_encoding(decoder: VividnessDecoder) -> None:
    np.testing.assert_allclose(decoder.decode(logits_of(shares(AB)), 1, 1), AB, atol=2e-5)


def test_beta_0_keeps_the_weights(decoder: VividnessDecoder) -> None:
    half = np.zeros((1, 1, 1, len(CENTERS)))
    half[..., [0, -1]] = 0.5
    weights = WEIGHTS[[0, -1]] / WEIGHTS[[0, -1]].sum()
    expected = weights @ CENTERS[[0, -1]]
    np.testing.assert_allclose(decoder.decode(logits_of(half), 0, 1)[0, 0, 0], expected, atol=1e-5)


def test_the_target_is_the_mean_of_two_by_two_pixels() -> None:
    expected = downscale_local_mean(AB, (1, 2, 2, 1))
    np.testing.assert_allclose(halve(AB), expected, atol=1e-6)
    assert OBJECTIVE.target is halve


def test_the_gradient_of_the_loss_is_that_of_weighted_cross_entropy() -> None:
    """By the logits: the softmax less the soft encoding, times the weight."""
    target = halve(AB)
    logits = np.random.default_rng(1).normal(size=(*target.shape[:-1], len(CENTERS)))
    logits = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = OBJECTIVE.loss(tf.constant(target), logits)
    assert loss.shape == target.shape[:-1]
    assigned = shares(target)
    weight = (assigned * WEIGHTS).sum(axis=-1, keepdims=True)
    expected = weight * (tf.nn.softmax(logits).numpy() - assigned)
    np.testing.assert_allclose(tape.gradient(loss, logits), expected, atol=1e-4)


def test_the_squared_error_is_that_of_the_mean() -> None:
    target = halve(AB)
    assert np.asarray(OBJECTIVE.squared_error(target, logits_of(shares(target)))).max() < 1e-9
    shifted = logits_of(shares(halve(AB[::-1])))
    expected = ((target - halve(AB[::-1])) ** 2).mean(axis=-1)
    np.testing.assert_allclose(OBJECTIVE.squared_error(target, shifted), expected, atol=1e-6)


def test_vividness_interpolates_between_the_operating_points(decoder: VividnessDecoder) -> None:
    betas, temperatures = (
        np.linspace(1, 0, OPERATING_POINTS),
        np.linspace(0.2, 0.7, OPERATING_POINTS),
    )
    decoder.set_operating_points(betas, temperatures, 0.25)
    logits = np.random.default_rng(2).normal(size=(2, 3, 4, len(CENTERS))).astype(np.float32)
    interpolated = decoder.decode(logits, 0.75, 0.325)
    np.testing.assert_allclose(decoder(logits), interpolated, atol=1e-6)  # the default vividness
    np.testing.assert_allclose(decoder(logits, np.full((2, 1), 0.25)), interpolated, atol=1e-6)
    ends = decoder(logits, np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(ends[0], decoder.decode(logits, 1, 0.2)[0], atol=1e-6)
    np.testing.assert_allclose(ends[1], decoder.decode(logits, 0, 0.7)[1], atol=1e-6)
    beyond = decoder(logits, np.array([[-3.0], [7.0]]))
    np.testing.assert_array_equal(beyond, ends)


def test_a_loaded_model_has_its_colors_and_operating_points(tmp_path: Path) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colors=COLORS)
    adjustable = AdjustableModel.of(network.model)
    assert adjustable is not None
    adjustable.decoder.set_operating_points(
        np.linspace(1, 0, OPERATING_POINTS), np.full(OPERATING_POINTS, 0.4), 0.3
    )
    network.model.save_weights(tmp_path / "a.weights.h5")
    loaded = keras.models.model_from_json(network.model.to_json())
    loaded.load_weights(tmp_path / "a.weights.h5")
    L = lab.rgb_to_lab(RGB)[0]
    by_default = network.model.predict_on_batch([L, None])
    np.testing.assert_array_equal(loaded.predict_on_batch([L, None]), by_default)
    again = AdjustableModel.of(loaded)
    assert again is not None
    assert again.default == 0.3
    logits = again.logits_model.predict_on_batch([L])
    np.testing.assert_allclose(again.decode(logits, 0.3), by_default, atol=1e-6)
    assert np.abs(again.decode(logits, 1.0) - by_default).max() > 1e-3


def test_it_cannot_be_built_without_colors() -> None:
    with pytest.raises(ValueError, match="colors of the training images"):
        build_network("n", load("mobilenet_unet"), 1)


def test_colors_outside_all_bins_have_a_finite_loss() -> None:
    colors = ColorStatistics(COLORS.mean_ab, COLORS.pixels, COLORS.assigned)
    loss = classification.classification(colors).loss(
        tf.fill((1, 1, 1, 2), -1.0), tf.zeros((1, 1, 1, len(CENTERS)))
    )
    assert np.isfinite(np.asarray(loss)).all()
