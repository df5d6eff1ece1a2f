"""The scores of images, and their means and errors, against sums done by hand."""

import json
import math

import pandas as pd
import pytest

from colorization import lab, scores
from samples import scene


def test_a_perfect_prediction_scores_best() -> None:
    truth = scene(1)
    _, ab = lab.rgb_to_lab(truth)
    found = scores.score(truth, ab, truth, ab)
    assert found == {"psnr_rgb_db": math.inf, "ssim_rgb": pytest.approx(1), "mse_ab": 0}


def rows(psnr: list[float]) -> pd.DataFrame:
    """A table of images with these PSNRs, for each colorizer."""
    return pd.DataFrame(
        {
            "name": [str(index) for index in range(len(psnr))],
            **{
                f"{colorizer}_{metric}": values
                for colorizer in ("model", "gray", "mean_ab")
                for metric, values in (
                    ("psnr_rgb_db", psnr),
                    ("ssim_rgb", [0.5] * len(psnr)),
                    ("mse_ab", [0.1 * index for index in range(len(psnr))]),
                )
            },
        }
    )


def test_mean_and_standard_error_by_hand() -> None:
    model = scores.summarize(rows([20, 22, 27]))["model"]
    assert model["psnr_rgb_db"] == pytest.approx(23)
    # Deviations -3, -1, 4: variance 26 / 2 = 13, of the mean 13 / 3, so sqrt(4.3333).
    assert model["psnr_rgb_db_se"] == pytest.approx(2.081666, abs=1e-6)
    assert (model["ssim_rgb"], model["ssim_rgb_se"]) == (0.5, 0)
    assert model["exact"] == 0


def test_images_met_exactly_are_counted_and_not_averaged() -> None:
    summary = scores.summarize(rows([20, math.inf, 22, math.inf]))
    assert summary["images"] == 4
    assert summary["gray"]["exact"] == 2
    assert summary["gray"]["psnr_rgb_db"] == 21
    assert summary["gray"]["psnr_rgb_db_se"] == pytest.approx(1)
    assert summary["gray"]["mse_ab"] == pytest.approx(0.15)  # over all four


@pytest.mark.parametrize("psnr", [[20.0], [math.inf], [math.inf, math.inf], [20.0, math.inf]])
def test_what_is_undefined_is_null_and_never_nan(psnr: list[float]) -> None:
    summary = scores.summarize(rows(psnr))
    text = json.dumps(summary, allow_nan=False)
    assert json.loads(text)["model"]["psnr_rgb_db_se"] is None
    assert set(summary["model"]) == set(scores.summarize(rows([1.0, 2.0]))["model"])


def test_the_model_is_compared_with_a_floor_over_images_that_neither_meets_exactly() -> None:
    table = rows([20.0, 25.0, 30.0, 22.0])
    table["gray_psnr_rgb_db"] = [19.0, math.inf, 27.0, 20.0]
    table["mean_ab_psnr_rgb_db"] = [math.inf] * 4
    over = scores.summarize(table)["model_over"]
    # Differences 1, 3, 2: mean 2, deviation 1, error 1 / sqrt(3).
    assert over["gray"]["psnr_rgb_db"] == 2
    assert over["gray"]["psnr_rgb_db_se"] == pytest.approx(3**-0.5)
    assert over["mean_ab"] == {"psnr_rgb_db": None, "psnr_rgb_db_se": None}
