"""Gray and the mean color, by hand; and that reading gives what was written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.color import lab
from colorization.color.statistics import count_colors
from colorization.dataset.examples import Examples
from colorization.scoring.metrics import METRICS
from colorization.scoring.summary import TRIVIAL
from colorization.scoring.trivial import (
    TrivialScores,
    read_trivial,
    score_trivial,
    validation_mse,
    write_trivial,
)
from samples import examples, scene

TRAINING = lab.rgb_to_lab(np.stack([scene(seed, 32, 32) for seed in (91, 92)]))[1]


def left(name: str, rgb: np.ndarray) -> np.ndarray:
    """Small parts: as many columns as the name says."""
    small = np.zeros(rgb.shape[:2], bool)
    small[:, : int(Path(name).stem)] = True
    return small


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("trivial") / "test", 4)


@pytest.fixture(scope="module")
def trivial(few: Examples) -> TrivialScores:
    return score_trivial(few.images, count_colors(TRAINING), left)


def test_the_baselines_are_gray_and_the_mean_color_of_training(
    few: Examples, trivial: TrivialScores
) -> None:
    ab = lab.rgb_to_lab(np.array(few.images.rgb))[1].astype(float)
    mean = TRAINING.astype(float).mean(axis=(0, 1, 2))
    for baseline, given in {"gray": np.zeros(2), "constant": mean}.items():
        expected = ((ab - given) ** 2).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(trivial.rows[f"{baseline}_mse_ab"], expected, rtol=1e-4)


def test_every_image_has_every_metric_and_its_small_regions(
    few: Examples, trivial: TrivialScores
) -> None:
    assert trivial.rows["name"].tolist() == few.images.names
    assert {f"{baseline}_{metric.key}" for baseline in TRIVIAL for metric in METRICS} <= set(
        trivial.rows
    )
    np.testing.assert_array_equal(trivial.small.sum(axis=(1, 2)), 32 * np.arange(4))
    np.testing.assert_allclose(trivial.rows["small_regions"], np.arange(4) / 32)


def test_the_error_of_any_constant_color_follows_from_the_rows(
    few: Examples, trivial: TrivialScores
) -> None:
    ab = lab.rgb_to_lab(np.array(few.images.rgb))[1].astype(float)
    rows = trivial.rows
    for color in np.array([(0.1, 0.2), (-0.3, 0.05)]):
        expected = ((ab - color) ** 2).mean(axis=(1, 2, 3))
        along = color[0] * rows["mean_a"] + color[1] * rows["mean_b"]
        actual = rows["gray_mse_ab"] - (2 * along - color @ color) / 2
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_small_and_large_regions_add_up_to_the_error(trivial: TrivialScores) -> None:
    for baseline in TRIVIAL:
        small, large = (
            trivial.rows[f"{baseline}_mse_ab_in_{size}_regions"] for size in ("small", "large")
        )
        np.testing.assert_allclose(small + large, trivial.rows[f"{baseline}_mse_ab"], rtol=1e-12)
        assert small.iloc[0] == 0  # it has no small region
        assert (small.iloc[1:] > 0).all()


def test_the_mean_chroma_is_that_of_the_exact_pixels(few: Examples, trivial: TrivialScores) -> None:
    ab = lab.rgb_to_lab(np.array(few.images.rgb))[1].astype(float)
    expected = np.hypot(ab[..., 0], ab[..., 1]).mean(axis=(1, 2)) * 128
    np.testing.assert_allclose(trivial.rows["mean_chroma"], expected, rtol=1e-5)


def test_the_true_colors_are_kept_at_16_px(few: Examples, trivial: TrivialScores) -> None:
    ab = 128 * lab.rgb_to_lab(np.array(few.images.rgb))[1].astype(float)
    expected = (ab[:, ::2, ::2] + ab[:, 1::2, ::2] + ab[:, ::2, 1::2] + ab[:, 1::2, 1::2]) / 4
    assert (trivial.truth.shape, trivial.truth.dtype) == ((4, 16, 16, 2), np.float16)
    np.testing.assert_allclose(trivial.truth, expected, rtol=0, atol=0.07)


def test_the_baselines_of_validation_are_those_of_its_own_cached_pixels(few: Examples) -> None:
    colors = count_colors(TRAINING)
    ab = np.array(few.images.ab, float)
    actual = validation_mse(few.images, colors)
    assert actual == {
        "gray": pytest.approx((ab**2).mean(), rel=1e-5),
        "constant": pytest.approx(((ab - colors.mean_ab) ** 2).mean(), rel=1e-5),
    }


def test_what_is_read_is_what_was_written(trivial: TrivialScores, tmp_path: Path) -> None:
    write_trivial(trivial, tmp_path)
    read = read_trivial(tmp_path, trivial.colors)
    assert read.rows["name"].tolist() == trivial.rows["name"].tolist()
    written = trivial.rows.set_index("name").astype(float)  # None, where a score is missing
    pd.testing.assert_frame_equal(read.rows.set_index("name"), written, check_exact=True)
    np.testing.assert_array_equal(read.small, trivial.small)
    np.testing.assert_array_equal(read.truth, trivial.truth)
