"""Calibrated vividness leads from the most faithful colors to those of photographs."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import ArrayLike
from scipy import special
from skimage import color

from colorization.color import color_metrics, lab
from colorization.dataset import arrays
from colorization.dataset.examples import Examples
from colorization.networks.architecture import build_network
from colorization.networks.catalog import load
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel, VividnessDecoder
from colorization.training import calibration
from colorization.training.calibration import TEMPERATURES, TILTS, calibrate_vividness
from samples import cache, colors_of_scenes, examples

# As a trained network behaves: tilted towards rare colors and sharpened, it is more colorful, and
# the difference is least where it is 0.35 times as colorful as photographs.
COLORFUL = (0.4 + 0.6 * TILTS[:, None]) * 0.5 * TEMPERATURES**-0.4
DIFFERENCE = 10 + 4 * (COLORFUL - 0.35) ** 2 + 0.2 * np.abs(TILTS[:, None] - COLORFUL + 0.35)


def colorful(tilt: ArrayLike, temperature: ArrayLike) -> Any:
    tilt, temperature = np.asarray(tilt), np.asarray(temperature)
    return (0.4 + 0.6 * tilt) * 0.5 * temperature**-0.4


def points(difference: np.ndarray, colorfulness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The operating points of a network that needs no softening."""
    return calibration.operating_points(difference, colorfulness, 1.0, colorfulness[0, 0])


def test_colorfulness_is_evenly_spaced_from_the_mean_color_to_the_photographs() -> None:
    tilts, temperatures = points(DIFFERENCE, COLORFUL)
    assert (tilts[0], temperatures[0]) == (0, 1)  # the mean, which has the least squared error
    colorfulness = colorful(tilts, temperatures)
    np.testing.assert_allclose(
        colorfulness, np.linspace(COLORFUL[0, 0], 1, OPERATING_POINTS), atol=0.01
    )


def test_tilt_never_falls_with_vividness() -> None:
    tilts, _ = points(DIFFERENCE, COLORFUL)
    assert (np.diff(tilts) >= 0).all()
    assert tilts[0] < tilts[-1]


def test_the_tilt_with_the_least_difference_is_chosen() -> None:
    cold = -np.log(TEMPERATURES)
    # Sharpening costs, but less than another tilt than 0.5.
    difference = 10 + np.where(np.isclose(TILTS, 0.5)[:, None], cold - 1, cold)
    tilts, _ = points(difference, COLORFUL)
    targets = np.linspace(COLORFUL[0, 0], 1, OPERATING_POINTS)
    reached = (targets >= colorful(0.5, 1)) & (targets <= colorful(0.5, np.exp(-0.9)))
    assert reached.sum() == 2
    np.testing.assert_allclose(tilts[reached], 0.5)


def test_it_works_where_the_most_probable_color_is_gray() -> None:
    # As on photographs: without tilt, a sharper distribution is a grayer one.
    cold = -np.log(TEMPERATURES)
    c = 0.45 + 0.35 * TILTS[:, None] + 0.35 * (TILTS[:, None] - 0.55) * cold
    difference = 10 + 2 * np.clip(c - 0.25, 0, None) ** 2 + np.clip(0.25 - c, 0, None) - 0.1 * cold
    tilts, temperatures = points(difference, c)
    cold = -np.log(temperatures)
    colorfulness = 0.45 + 0.35 * tilts + 0.35 * (tilts - 0.55) * cold
    np.testing.assert_allclose(colorfulness, np.linspace(0.45, 1, OPERATING_POINTS), atol=0.015)
    assert (np.diff(tilts) >= 0).all()
    assert (np.diff(temperatures) <= 0).all()


def test_if_nothing_is_as_colorful_as_photographs_vividness_1_is_the_most_colorful() -> None:
    tilts, temperatures = points(DIFFERENCE, 0.5 * COLORFUL)
    assert tilts[-1] == 1
    assert temperatures[-1] == pytest.approx(TEMPERATURES.min())


def test_if_vividness_0_is_more_colorful_than_photographs_all_others_are_equal() -> None:
    tilts, temperatures = (values[1:] for values in points(DIFFERENCE, COLORFUL + 1))
    assert (np.unique(tilts).size, np.unique(temperatures).size) == (1, 1)


def test_a_softened_vividness_0_is_the_first_of_the_evenly_spaced_points() -> None:
    tilts, temperatures = calibration.operating_points(DIFFERENCE, COLORFUL, 1.5, 0.15)
    assert (tilts[0], temperatures[0]) == (0, 1.5)
    assert (np.diff(temperatures) <= 0).all()
    targets = np.linspace(0.15, 1, OPERATING_POINTS)[1:]
    colorfulness = colorful(tilts[1:], temperatures[1:])
    np.testing.assert_allclose(colorfulness, targets, atol=0.01)


def test_the_default_is_the_most_vivid_point_without_stains_and_no_worse_than_gray() -> None:
    gray = 6.0
    difference = np.array([gray, *[5.0] * 18, 6.1, 6.1, 6.1])
    clean = np.zeros(21)
    assert calibration.default_vividness(clean, difference) == pytest.approx(0.85)
    stains = np.linspace(0, 0.006, 21)  # 0.003 at 0.5
    assert calibration.default_vividness(stains, difference) == 0.5
    assert calibration.default_vividness(stains + 1, difference) == 0
    assert calibration.default_vividness(clean, np.array([gray, *[7.0] * 21])) == 0


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    validation = examples(tmp_path_factory.mktemp("calibration") / "validation", 6)
    return dataclasses.replace(validation, embeddings=None)


@pytest.fixture(scope="module")
def untrained() -> AdjustableModel:
    """A model with adjustable vividness."""
    network = build_network("n", load("mobilenet_unet"), 1, colors=colors_of_scenes())
    split = AdjustableModel.of(network.model)
    assert split is not None
    return split


@pytest.fixture
def adjustable(untrained: AdjustableModel) -> Iterator[AdjustableModel]:
    """It, as it was built."""
    initial = untrained.decoder.get_weights()
    yield untrained
    untrained.decoder.set_weights(initial)


def test_colorfulness_rises_with_the_vividness_of_a_network(
    adjustable: AdjustableModel, few: Examples
) -> None:
    calibrate_vividness(adjustable, few)
    logits = adjustable.logits_model.predict_on_batch(few.inputs(slice(None)))
    L = lab.rgb_to_lab(np.array(few.images.rgb))[0]
    colorfulness = [
        sum(
            color_metrics.colorfulness(lab.lab_to_rgb(one, ab))
            for one, ab in zip(L, adjustable.decode(logits, vividness), strict=True)
        )
        for vividness in np.linspace(0, 1, OPERATING_POINTS)
    ]
    assert colorfulness[-1] > 3 * colorfulness[0]
    assert (np.diff(colorfulness) > -0.05 * max(colorfulness)).all()
    assert 0 <= adjustable.default <= 1


def test_photographs_are_measured_in_gray_and_in_each_decoding(
    adjustable: AdjustableModel, few: Examples
) -> None:
    decodings = [(1.0, 1.0), (0.0, 0.2)]
    measured = calibration._measure(adjustable, few, np.arange(len(few)), decodings)
    assert measured.shape == (len(few), 3, 4)
    assert (measured[:, 0, 1] < 1).all()  # gray
    logits = adjustable.logits_model.predict_on_batch(few.inputs(slice(None)))
    for column, decoding in enumerate(decodings, start=1):
        for index, (truth, ab) in enumerate(
            zip(np.array(few.images.rgb), adjustable.decode_with(logits, *decoding), strict=True)
        ):
            rgb = lab.lab_to_rgb(lab.rgb_to_lab(truth)[0], ab)
            difference = color.deltaE_ciede2000(color.rgb2lab(truth), color.rgb2lab(rgb)).mean()
            true_ab = color.rgb2lab(truth)[..., 1:]
            true_chroma, chroma = (np.hypot(*np.moveaxis(x, -1, 0)) for x in (true_ab, ab * 128))
            stains = np.mean((true_chroma < 15) & (chroma > 40))
            squared_error = np.mean((ab - true_ab / 128) ** 2)
            expected = difference, color_metrics.colorfulness(rgb), stains, squared_error
            np.testing.assert_allclose(measured[index, column], expected, rtol=1e-3, atol=1e-4)


def test_photographs_are_measured_by_their_indices(
    adjustable: AdjustableModel, few: Examples
) -> None:
    both = calibration._measure(adjustable, few, np.array([1, 4]), [(1.0, 1.0)])
    one = calibration._measure(adjustable, few, np.array([4]), [(1.0, 1.0)])
    np.testing.assert_allclose(both[1], one[0], rtol=1e-5)
    assert not np.allclose(both[0], one[0], rtol=1e-2)


@pytest.mark.parametrize(("sharpness", "temperature"), [(0.7, 1.0), (1.0, 1.0), (1.5, 1.5)])
def test_colors_that_are_too_sure_are_softened_at_vividness_0(
    tmp_path: Path, sharpness: float, temperature: float
) -> None:
    """A pixel has one of two colors, the first by the probability sigmoid(3 L)."""
    rng = np.random.default_rng(1)
    L = rng.uniform(-0.4, 0.4, (12, 32, 32, 1)).astype(np.float32)
    is_first = rng.random(L.shape) < special.expit(3 * L)
    rgb = lab.lab_to_rgb(L, np.where(is_first, [0.15, 0], [-0.15, 0]))
    names = [f"{index}.png" for index in range(len(rgb))]
    cache(tmp_path, names, list(rgb))
    adjustable = two_colors(3 * sharpness)
    calibrate_vividness(adjustable, Examples(arrays.read(tmp_path), None))
    temperatures = np.array(adjustable.decoder.temperatures)
    assert temperatures[0] == pytest.approx(temperature)
    assert (np.diff(temperatures) <= 0).all()
    assert (np.array(adjustable.decoder.betas)[0]) == 1


def two_colors(slope: float) -> AdjustableModel:
    """A model of two colors; the logarithm of their odds is `slope` times L."""
    inputs = keras.Input((None, None, 1), name="L")
    logits = layers.Concatenate(name="logits")([slope * inputs, 0 * inputs])
    decoder = VividnessDecoder(2)
    ab = layers.Identity(name="ab")(decoder(logits))
    decoder.set_colors(np.array([[0.15, 0], [-0.15, 0]]), np.ones(2))
    split = AdjustableModel.of(keras.Model([inputs], ab))
    assert split is not None
    return split


def test_nearly_gray_photographs_leave_the_operating_points_unchanged(
    adjustable: AdjustableModel, few: Examples
) -> None:
    ab = 0.01 * np.array(few.images.ab)
    gray = dataclasses.replace(few, images=dataclasses.replace(few.images, ab=ab))
    calibrate_vividness(adjustable, gray)
    assert (np.array(adjustable.decoder.temperatures) == 1).all()
    assert adjustable.default == 0
