"""Means and errors over the test images, against sums done by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.scoring import summary
from colorization.scoring.summary import Score, Summary
from evaluated import rows

NAN = np.nan


def with_psnr(*psnr: float) -> pd.DataFrame:
    same = {f"{colorizer}_psnr_rgb_db": psnr for colorizer in summary.COLORIZERS}
    return rows(len(psnr), **same)


def test_mean_and_standard_error_by_hand() -> None:
    psnr = summary.summarize(with_psnr(20, 22, 27), 2.0).model["psnr_rgb_db"]
    # Deviations -3, -1, 4: variance 26 / 2 = 13, of the mean 13 / 3, so sqrt(4.3333).
    assert (psnr.value, psnr.se) == pytest.approx((23, 2.081666), abs=1e-6)
    assert psnr.excluded == 0


def test_images_without_a_value_are_counted_and_not_averaged() -> None:
    table = with_psnr(20, NAN, 22, NAN).assign(model_ab_error_small_regions=[1.0, NAN, NAN, NAN])
    actual = summary.summarize(table, 2.0)
    assert actual.images == 4
    assert actual.scores["gray"]["psnr_rgb_db"] == Score(21, 1, excluded=2)
    assert actual.model["ab_error_small_regions"] == Score(1, None, excluded=3)
    content = actual.as_json()
    assert content["images"] == 4
    assert content["gray"]["psnr_rgb_db"] == 21
    assert content["gray"]["psnr_rgb_db_excluded"] == 2
    assert content["model"]["ab_error_small_regions_excluded"] == 3


@pytest.mark.parametrize("psnr", [[20.0], [NAN], [NAN, NAN], [20.0, NAN]])
def test_what_is_undefined_is_null_and_never_nan(psnr: list[float]) -> None:
    content = summary.summarize(with_psnr(*psnr).assign(colorfulness=0.0), 2.0).as_json()
    text = json.dumps(content, allow_nan=False)
    assert json.loads(text)["model"]["psnr_rgb_db_se"] is None
    assert content["model"]["colorfulness_ratio"] is None
    # The same keys for every run, so that `dvc metrics diff` has both sides.
    other = summary.summarize(with_psnr(1.0, 2.0), 2.0).as_json()
    assert [*content["model"]] == [*other["model"]]


def test_a_psnr_gain_is_over_images_that_are_exact_for_neither() -> None:
    table = with_psnr(20.0, 25.0, 30.0, 22.0).assign(
        gray_psnr_rgb_db=[19.0, NAN, 27.0, 20.0], constant_psnr_rgb_db=NAN
    )
    actual = summary.summarize(table, 2.0)
    # Differences 1, 3, 2: mean 2, deviation 1, error 1 / sqrt(3).
    assert actual.psnr_gain["gray"].value == 2
    assert actual.as_json()["psnr_gain"] == {
        "gray": {"psnr_rgb_db": 2, "psnr_rgb_db_se": pytest.approx(3**-0.5)},
        "constant": {"psnr_rgb_db": None, "psnr_rgb_db_se": None},
    }


def test_colorfulness_is_a_ratio_of_sums() -> None:
    table = rows(3, colorfulness=[40.0, 60.0, 0.001], model_colorfulness=[20.0, 30.0, 5.0])
    ratio = summary.summarize(table, 2.0).model["colorfulness_ratio"]
    assert ratio.value == pytest.approx(0.55, abs=1e-5)


def test_the_error_of_a_ratio_agrees_with_repeated_draws() -> None:
    rng = np.random.default_rng(3)

    def draw() -> tuple[pd.Series, pd.Series]:
        below = rng.uniform(10, 60, 150)
        return pd.Series(below * rng.uniform(0.3, 0.9, 150) + 2), pd.Series(below)

    drawn = [summary.ratio_with_se(*draw()) for _ in range(400)]
    ratios, errors = np.array([(score.value, score.se) for score in drawn], float).T
    assert errors.mean() == pytest.approx(ratios.std(), rel=0.12)


def test_a_single_image_has_a_ratio_without_error() -> None:
    assert summary.ratio_with_se(pd.Series([3.0]), pd.Series([4.0])) == Score(0.75, None)
    assert summary.ratio_with_se(pd.Series([3.0]), pd.Series([0.0])) == Score(None, None)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    table = with_psnr(20.0, 25.0, NAN, 22.0).assign(
        gray_psnr_rgb_db=[19.0, NAN, 27.0, 20.0],
        constant_psnr_rgb_db=NAN,
        gray_colorfulness=0.0,
        model_ab_error_small_regions=[1.0, NAN, NAN, NAN],
    )
    written = summary.summarize(table, 2.0)
    written.write(tmp_path / "metrics.json")
    assert Summary.read(tmp_path / "metrics.json") == written
