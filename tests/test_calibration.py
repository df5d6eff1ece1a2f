"""The dial runs along the best there is, from the most faithful colors to those of photographs."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from skimage import color

from colorization.color import color_metrics, lab
from colorization.core.errors import ColorizationError
from colorization.dataset.examples import Examples
from colorization.networks.architecture import build_network
from colorization.networks.catalog import load
from colorization.networks.vividness import POSITIONS, AdjustableModel
from colorization.training import calibration, fitting
from colorization.training.calibration import BETAS, TEMPERATURES, calibrate_vividness
from samples import colors_of_scenes, examples

# As a trained network behaves: sharper and less undone weighting is more colorful, and the
# difference is least where it is 0.35 times as colorful as photographs. By a little, a lower beta
# is worse at the faithful end and better at the vivid one.
COLORFUL = (1 - 0.6 * BETAS[:, None]) * 0.5 * TEMPERATURES**-0.4
DIFFERENCE = 10 + 4 * (COLORFUL - 0.35) ** 2 + 0.2 * np.abs(BETAS[:, None] - 1 + COLORFUL - 0.35)


def colorful(beta: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    return (1 - 0.6 * beta) * 0.5 * temperature**-0.4


def test_positions_are_evenly_spaced_from_the_least_difference_to_the_photographs() -> None:
    found = colorful(*calibration.frontier(DIFFERENCE, COLORFUL))
    best = COLORFUL.flat[DIFFERENCE.argmin()]
    np.testing.assert_allclose(found, np.linspace(best, 1, POSITIONS), atol=0.01)


def test_beta_never_rises_along_the_dial() -> None:
    betas, _ = calibration.frontier(DIFFERENCE, COLORFUL)
    assert (np.diff(betas) <= 0).all()
    assert betas[0] > betas[-1]


def test_of_the_betas_the_one_with_the_least_difference_is_taken() -> None:
    flat = np.where(np.isclose(BETAS, 0.5)[:, None], DIFFERENCE - 1, DIFFERENCE)
    betas, _ = calibration.frontier(flat, COLORFUL)
    reached = COLORFUL[np.isclose(BETAS, 0.5)].max()
    wanted = np.linspace(COLORFUL.flat[flat.argmin()], 1, POSITIONS)
    np.testing.assert_allclose(betas[wanted <= reached], 0.5)


def test_it_leads_there_too_where_the_likeliest_color_is_gray() -> None:
    # As on photographs: where the weighting is undone, a sharper distribution is a grayer one.
    cold = np.log(TEMPERATURES.max() / TEMPERATURES)
    c = 0.8 - 0.35 * BETAS[:, None] + 0.35 * (0.45 - BETAS[:, None]) * cold
    difference = 10 + 2 * np.clip(c - 0.25, 0, None) ** 2 + np.clip(0.25 - c, 0, None) - 0.1 * cold
    betas, temperatures = calibration.frontier(difference, c)
    cold = np.log(TEMPERATURES.max() / temperatures)
    found = 0.8 - 0.35 * betas + 0.35 * (0.45 - betas) * cold
    np.testing.assert_allclose(found, np.linspace(found[0], 1, POSITIONS), atol=0.015)
    assert (np.diff(betas) <= 0).all()
    assert (np.diff(temperatures) <= 0).all()


def test_where_nothing_is_as_colorful_as_the_photographs_the_end_is_the_most_colorful() -> None:
    betas, temperatures = calibration.frontier(DIFFERENCE, 0.5 * COLORFUL)
    assert betas[-1] == 0
    assert temperatures[-1] == pytest.approx(TEMPERATURES.min())


def test_a_faithful_end_more_colorful_than_photographs_is_the_whole_dial() -> None:
    betas, temperatures = calibration.frontier(DIFFERENCE, COLORFUL + 1)
    assert (np.unique(betas).size, np.unique(temperatures).size) == (1, 1)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    found = examples(tmp_path_factory.mktemp("frontier") / "validation", 6)
    return dataclasses.replace(found, embeddings=None)


def test_a_networks_dial_is_turned_from_paler_to_more_colorful(few: Examples) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colors=colors_of_scenes())
    adjustable = AdjustableModel.of(network.model)
    assert adjustable is not None
    calibrate_vividness(adjustable, few)
    logits = adjustable.before.predict_on_batch(few.inputs(slice(None)))
    L = lab.rgb_to_lab(np.array(few.images.rgb))[0]
    colorfulness = [
        sum(
            color_metrics.colorfulness(lab.lab_to_rgb(one, ab))
            for one, ab in zip(L, adjustable.ab(logits, position), strict=True)
        )
        for position in np.linspace(0, 1, POSITIONS)
    ]
    assert (np.diff(colorfulness) > -0.05 * max(colorfulness)).all()
    assert 0 <= adjustable.default <= 1


def test_the_default_is_the_most_vivid_position_that_is_no_worse_than_gray(
    few: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colors=colors_of_scenes())
    adjustable = AdjustableModel.of(network.model)
    assert adjustable is not None
    two = [[5.0] * 4 + [7.0] * 7, [5.0] * 3 + [5.9] * 6 + [9.0] * 2]  # of images, by position
    along = np.array(two)[[0] * 2 + [1] * 4]
    gray = 6.0
    measured = calibration._measured

    def known(
        adjustable: AdjustableModel, some: Examples, ways: Sequence[calibration.Way]
    ) -> np.ndarray:
        if len(ways) > POSITIONS:
            return measured(adjustable, some, ways)
        differences = np.insert(along, 0, gray, axis=1)
        return np.stack([differences, differences], axis=-1)

    monkeypatch.setattr(calibration, "_measured", known)
    calibrate_vividness(adjustable, few)
    assert adjustable.default == max(np.flatnonzero(along.mean(axis=0) <= gray)) / 10


def test_photographs_are_measured_gray_and_in_each_way(few: Examples) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colors=colors_of_scenes())
    adjustable = AdjustableModel.of(network.model)
    assert adjustable is not None
    ways = [(1.0, 1.0), (0.0, 0.2)]
    found = calibration._measured(adjustable, few, ways)
    assert found.shape == (len(few), 3, 2)
    assert (found[:, 0, 1] < 1).all()  # gray
    logits = adjustable.before.predict_on_batch(few.inputs(slice(None)))
    for place, way in enumerate(ways, start=1):
        for index, (truth, ab) in enumerate(
            zip(np.array(few.images.rgb), adjustable.ab_by(logits, *way), strict=True)
        ):
            rgb = lab.lab_to_rgb(lab.rgb_to_lab(truth)[0], ab)
            difference = color.deltaE_ciede2000(color.rgb2lab(truth), color.rgb2lab(rgb)).mean()
            expected = difference, color_metrics.colorfulness(rgb)
            np.testing.assert_allclose(found[index, place], expected, rtol=1e-3)


def test_gray_photographs_alone_leave_the_dial_as_it_is(few: Examples) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colors=colors_of_scenes())
    adjustable = AdjustableModel.of(network.model)
    assert adjustable is not None
    rgb = np.repeat(np.array(few.images.rgb)[..., :1], 3, axis=-1)
    gray = dataclasses.replace(few, images=dataclasses.replace(few.images, rgb=rgb))
    calibrate_vividness(adjustable, gray)
    assert (np.array(adjustable.dial.temperatures) == 1).all()
    assert adjustable.default == 0


def test_images_are_chosen_by_their_mean_chroma(few: Examples) -> None:
    ab = np.array(few.images.ab)
    chroma = 128 * np.hypot(*np.moveaxis(ab.astype(float), -1, 0)).mean(axis=(1, 2))
    least = float(np.median(chroma))
    np.testing.assert_array_equal(fitting.colorful(few, least), np.flatnonzero(chroma >= least))
    with pytest.raises(
        ColorizationError, match="no training image has a mean chroma of 130 or more"
    ):
        fitting.colorful(few, 130)
