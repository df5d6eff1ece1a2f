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
from colorization.scoring.trivial import TrivialScores, read_trivial, score_trivial, write_trivial
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


def test_what_is_read_is_what_was_written(trivial: TrivialScores, tmp_path: Path) -> None:
    write_trivial(trivial, tmp_path)
    read = read_trivial(tmp_path, trivial.colors)
    assert read.rows["name"].tolist() == trivial.rows["name"].tolist()
    written = trivial.rows.set_index("name").astype(float)  # None, where a score is missing
    pd.testing.assert_frame_equal(read.rows.set_index("name"), written, check_exact=True)
    np.testing.assert_array_equal(read.small, trivial.small)
