"""Calibrated vividness leads from the most faithful colors to those of photographs."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from skimage import color

from colorization.color import color_metrics, lab
from colorization.dataset.examples import Examples
from colorization.networks.architecture import build_network
from colorization.networks.catalog import load
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel
from colorization.training import calibration
from colorization.training.calibration import BETAS, TEMPERATURES, calibrate_vividness
from samples import colors_of_scenes, examples

# As a trained network behaves: sharper and less undone weighting is more colorful, and the
# difference is least where it is 0.35 times as colorful as photographs. By a little, a lower beta
# is worse at the faithful end and better at the vivid one.
COLORFUL = (1 - 0.6 * BETAS[:, None]) * 0.5 * TEMPERATURES**-0.4
DIFFERENCE = 10 + 4 * (COLORFUL - 0.35) ** 2 + 0.2 * np.abs(BETAS[:, None] - 1 + COLORFUL - 0.35)


def colorful(beta: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    return (1 - 0.6 * beta) * 0.5 * temperature**-0.4


def test_colorfulness_is_evenly_spaced_from_the_least_difference_to_the_photographs() -> None:
    colorfulness = colorful(*calibration.operating_points(DIFFERENCE, COLORFUL))
    best = COLORFUL.flat[DIFFERENCE.argmin()]
    np.testing.assert_allclose(colorfulness, np.linspace(best, 1, OPERATING_POINTS), atol=0.01)


def test_beta_never_rises_with_vividness() -> None:
    betas, _ = calibration.operating_points(DIFFERENCE, COLORFUL)
    assert (np.diff(betas) <= 0).all()
    assert betas[0] > betas[-1]


def test_the_beta_with_the_least_difference_is_chosen() -> None:
    flat = np.where(np.isclose(BETAS, 0.5)[:, None], DIFFERENCE - 1, DIFFERENCE)
    betas, _ = calibration.operating_points(flat, COLORFUL)
    reached = COLORFUL[np.isclose(BETAS, 0.5)].max()
    targets = np.linspace(COLORFUL.flat[flat.argmin()], 1, OPERATING_POINTS)
    np.testing.assert_allclose(betas[targets <= reached], 0.5)


def test_it_works_where_the_most_probable_color_is_gray() -> None:
    # As on photographs: where the weighting is undone, a sharper distribution is a grayer one.
    cold = np.log(TEMPERATURES.max() / TEMPERATURES)
    c = 0.8 - 0.35 * BETAS[:, None] + 0.35 * (0.45 - BETAS[:, None]) * cold
    difference = 10 + 2 * np.clip(c - 0.25, 0, None) ** 2 + np.clip(0.25 - c, 0, None) - 0.1 * cold
    betas, temperatures = calibration.operating_points(difference, c)
    cold = np.log(TEMPERATURES.max() / temperatures)
    colorfulness = 0.8 - 0.35 * betas + 0.35 * (0.45 - betas) * cold
    np.testing.assert_allclose(
        colorfulness, np.linspace(colorfulness[0], 1, OPERATING_POINTS), atol=0.015
    )
    assert (np.diff(betas) <= 0).all()
    assert (np.diff(temperatures) <= 0).all()


def test_if_nothing_is_as_colorful_as_photographs_vividness_1_is_the_most_colorful() -> None:
    betas, temperatures = calibration.operating_points(DIFFERENCE, 0.5 * COLORFUL)
    assert betas[-1] == 0
    assert temperatures[-1] == pytest.approx(TEMPERATURES.min())


def test_if_vividness_0_is_more_colorful_than_photographs_all_points_are_equal() -> None:
    betas, temperatures = calibration.operating_points(DIFFERENCE, COLORFUL + 1)
    assert (np.unique(betas).size, np.unique(temperatures).size) == (1, 1)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    validation = examples(tmp_path_factory.mktemp("calibration") / "validation", 6)
    return dataclasses.replace(validation, embeddings=None)


@pytest.fixture
def adjustable() -> AdjustableModel:
    """An untrained model with adjustable vividness."""
    network = build_network("n", load("mobilenet_unet"), 1, colors=colors_of_scenes())
    split = AdjustableModel.of(network.model)
    assert split is not None
    return split


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
    assert (np.diff(colorfulness) > -0.05 * max(colorfulness)).all()
    assert 0 <= adjustable.default <= 1


def test_the_default_is_the_most_vivid_point_that_is_no_worse_than_gray(
    adjustable: AdjustableModel, few: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_point = [[5.0] * 4 + [7.0] * 7, [5.0] * 3 + [5.9] * 6 + [9.0] * 2]  # of two images
    differences = np.array(by_point)[[0] * 2 + [1] * 4]
    gray = 6.0
    measure = calibration._measure

    def fake(
        adjustable: AdjustableModel, images: Examples, decodings: Sequence[calibration.Decoding]
    ) -> np.ndarray:
        if len(decodings) > OPERATING_POINTS:
            return measure(adjustable, images, decodings)
        with_gray = np.insert(differences, 0, gray, axis=1)
        return np.stack([with_gray, with_gray], axis=-1)

    monkeypatch.setattr(calibration, "_measure", fake)
    calibrate_vividness(adjustable, few)
    assert adjustable.default == max(np.flatnonzero(differences.mean(axis=0) <= gray)) / 10


def test_photographs_are_measured_in_gray_and_in_each_decoding(
    adjustable: AdjustableModel, few: Examples
) -> None:
    decodings = [(1.0, 1.0), (0.0, 0.2)]
    measured = calibration._measure(adjustable, few, decodings)
    assert measured.shape == (len(few), 3, 2)
    assert (measured[:, 0, 1] < 1).all()  # gray
    logits = adjustable.logits_model.predict_on_batch(few.inputs(slice(None)))
    for column, decoding in enumerate(decodings, start=1):
        for index, (truth, ab) in enumerate(
            zip(np.array(few.images.rgb), adjustable.decode_with(logits, *decoding), strict=True)
        ):
            rgb = lab.lab_to_rgb(lab.rgb_to_lab(truth)[0], ab)
            difference = color.deltaE_ciede2000(color.rgb2lab(truth), color.rgb2lab(rgb)).mean()
            expected = difference, color_metrics.colorfulness(rgb)
            np.testing.assert_allclose(measured[index, column], expected, rtol=1e-3)


def test_gray_photographs_leave_the_operating_points_unchanged(
    adjustable: AdjustableModel, few: Examples
) -> None:
    rgb = np.repeat(np.array(few.images.rgb)[..., :1], 3, axis=-1)
    gray = dataclasses.replace(few, images=dataclasses.replace(few.images, rgb=rgb))
    calibrate_vividness(adjustable, gray)
    assert (np.array(adjustable.decoder.temperatures) == 1).all()
    assert adjustable.default == 0
