"""Color metrics against published values, manual calculations and their definitions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.color import lab
from colorization.color.color_metrics import ciede2000_mean, colorfulness, stained
from colorization.scoring.ab_errors import auc_ab_percent
from samples import scene

SHARMA = pd.read_csv(Path(__file__).parent / "golden" / "ciede2000_sharma.csv", comment="#")


@pytest.mark.parametrize("row", SHARMA.to_numpy())
def test_ciede2000_agrees_with_sharmas_pairs(row: np.ndarray) -> None:
    *pair, expected = row
    one, other = np.array(pair).reshape(2, 1, 1, 3)
    assert ciede2000_mean(one, other) == pytest.approx(expected, abs=5e-5)


def test_ciede2000_is_averaged_over_pixels_also_in_single_precision() -> None:
    one, other = np.split(SHARMA.to_numpy()[:, :6].reshape(1, -1, 6), 2, axis=-1)
    expected = SHARMA["dE"].mean()
    assert ciede2000_mean(one, other) == pytest.approx(expected, abs=5e-5)
    # Pairs 10 and 11 straddle a jump of the formula, 0.04 high: single precision may cross it.
    single = ciede2000_mean(one.astype(np.float32), other.astype(np.float32))
    assert single == pytest.approx(expected, abs=0.003)


def flat(*rgb: int) -> np.ndarray:
    return np.full((6, 4, 3), rgb, np.uint8)


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((0, 0, 0), 0),
        ((137, 137, 137), 0),
        # rg = 255, yb = 127.5: no spread, 0.3 * 285.0987
        ((255, 0, 0), 85.5296),
        # rg = 0, yb = -255
        ((0, 0, 255), 76.5),
    ],
)
def test_colorfulness_of_a_single_color(rgb: tuple[int, int, int], expected: float) -> None:
    assert colorfulness(flat(*rgb)) == pytest.approx(expected, abs=1e-4)


def test_colorfulness_uses_signed_means() -> None:
    # rg is 255 and -255, yb 127.5 in both: deviations 255 and 0, means 0 and 127.5.
    halves = np.concatenate([flat(255, 0, 0), flat(0, 255, 0)])
    assert colorfulness(halves) == pytest.approx(255 + 0.3 * 127.5)


def test_colorfulness_is_proportional_to_chroma() -> None:
    rgb = scene(1, 64, 64).astype(float)
    gray = rgb.mean(axis=-1, keepdims=True)
    whole, half = (colorfulness(gray + factor * (rgb - gray)) for factor in (1, 0.5))
    assert half == pytest.approx(whole / 2, abs=0.5)  # rounded down to whole values


def test_a_stain_is_vivid_where_the_photograph_is_pale() -> None:
    chroma = np.array([[14.9, 14.9], [15.1, 60.0]], np.float32)
    truth = chroma[..., None] / lab.AB_SCALE * np.array([0.6, -0.8], np.float32)
    predicted = np.full((2, 2, 2), (0, 40.1 / lab.AB_SCALE), np.float32)
    assert stained(truth, predicted) == 0.5
    predicted[0, 0] *= 0.99
    assert stained(truth, predicted) == 0.25
    assert stained(truth, truth) == stained(truth, 0 * truth) == 0


@pytest.mark.parametrize(("error", "expected"), [(0, 100), (15, 90), (75, 50), (150, 0), (181, 0)])
def test_auc_of_a_constant_error(error: float, expected: float) -> None:
    assert auc_ab_percent(np.full((3, 5), error)) == pytest.approx(expected)


def test_auc_of_two_pixels_with_and_without_weights() -> None:
    error = np.array([[0.0, 75.0]])
    assert auc_ab_percent(error) == pytest.approx(75)
    assert auc_ab_percent(error, np.array([[1.0, 3.0]])) == pytest.approx(62.5)


def test_auc_is_the_area_under_the_sampled_curve() -> None:
    error = np.random.default_rng(1).gamma(2, 15, (40, 40))
    thresholds = np.linspace(0, 150, 30_001)
    shares = np.searchsorted(np.sort(error.ravel()), thresholds, side="right") / error.size
    expected = 100 * np.trapezoid(shares, thresholds) / 150
    assert auc_ab_percent(error) == pytest.approx(expected, abs=1e-3)


def test_auc_decreases_with_the_error() -> None:
    error = np.random.default_rng(1).gamma(2, 15, (40, 40))
    areas = [auc_ab_percent(factor * error) for factor in np.linspace(0, 10, 40)]
    assert areas[0] == 100
    assert (np.diff(areas) < 0).all()
    assert areas[-1] >= 0
