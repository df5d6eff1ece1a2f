"""The metrics against TensorFlow's own and against sums done by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from colorization import lab, metrics
from samples import scene


def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    """A photograph and what became of it: noise, greyness, another photograph, an offset."""
    truth = scene(1, 64, 48)
    noise = np.random.default_rng(1).normal(0, 20, truth.shape)
    noisy = np.clip(truth + noise, 0, 255).astype(np.uint8)
    grey = lab.lab_to_rgb(lab.rgb_to_lab(truth)[0], np.zeros(2))
    return [(truth, noisy), (truth, grey), (truth, scene(2, 64, 48)), (truth, truth // 2)]


@pytest.mark.parametrize("pair", range(4))
def test_psnr_agrees_with_tensorflow(pair: int) -> None:
    truth, image = pairs()[pair]
    expected = float(tf.image.psnr(truth, image, max_val=255))
    # TensorFlow computes in float32: 1e-4 dB is its error.
    assert metrics.psnr_rgb_db(truth, image) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("pair", range(4))
def test_ssim_agrees_with_tensorflow(pair: int) -> None:
    truth, image = pairs()[pair]
    # The same 11 x 11 Gaussian. Both average only where the window lies within the image:
    # TensorFlow by VALID convolution, scikit-image by cropping its map by 5 px.
    expected = float(
        tf.image.ssim(truth, image, max_val=255, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03)
    )
    assert metrics.ssim_rgb(truth, image) == pytest.approx(expected, abs=2e-5)  # float32 again


def test_psnr_by_hand() -> None:
    black = np.zeros((16, 16, 3), np.uint8)
    assert metrics.psnr_rgb_db(black, black + 255) == pytest.approx(0)
    # One of 3 * 256 values is off by 255: 10 log10(768).
    dot = black.copy()
    dot[3, 4, 1] = 255
    assert metrics.psnr_rgb_db(black, dot) == pytest.approx(28.8536, abs=1e-4)


def test_a_perfect_prediction_scores_best() -> None:
    truth = scene(1)
    _, ab = lab.rgb_to_lab(truth)
    scores = metrics.score(truth, ab, truth, ab)
    assert scores == {"psnr_rgb_db": math.inf, "ssim_rgb": pytest.approx(1), "mse_ab": 0}


def test_mse_is_computed_in_double_precision() -> None:
    truth = np.full((200, 200, 2), 0.1, np.float16)
    ab = np.zeros((200, 200, 2), np.float32)
    # float16 0.1 is 0.0999755859375; 80,000 squares summed in float16 would overflow or stall.
    assert metrics.mse_ab(truth, ab) == pytest.approx(0.0999755859375**2, rel=1e-12)


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
    model = metrics.summarize(rows([20, 22, 27]))["model"]
    assert model["psnr_rgb_db"] == pytest.approx(23)
    # Deviations -3, -1, 4: variance 26 / 2 = 13, of the mean 13 / 3, so sqrt(4.3333).
    assert model["psnr_rgb_db_se"] == pytest.approx(2.081666, abs=1e-6)
    assert (model["ssim_rgb"], model["ssim_rgb_se"]) == (0.5, 0)
    assert model["exact"] == 0


def test_images_met_exactly_are_counted_and_not_averaged() -> None:
    summary = metrics.summarize(rows([20, math.inf, 22, math.inf]))
    assert summary["images"] == 4
    assert summary["gray"]["exact"] == 2
    assert summary["gray"]["psnr_rgb_db"] == 21
    assert summary["gray"]["psnr_rgb_db_se"] == pytest.approx(1)
    assert summary["gray"]["mse_ab"] == pytest.approx(0.15)  # over all four


@pytest.mark.parametrize("psnr", [[20.0], [math.inf], [math.inf, math.inf], [20.0, math.inf]])
def test_what_is_undefined_is_null_and_never_nan(psnr: list[float]) -> None:
    summary = metrics.summarize(rows(psnr))
    text = json.dumps(summary, allow_nan=False)
    assert json.loads(text)["model"]["psnr_rgb_db_se"] is None
    assert set(summary["model"]) == set(metrics.summarize(rows([1.0, 2.0]))["model"])


def test_the_model_is_compared_with_a_floor_over_images_that_neither_meets_exactly() -> None:
    table = rows([20.0, 25.0, 30.0, 22.0])
    table["gray_psnr_rgb_db"] = [19.0, math.inf, 27.0, 20.0]
    table["mean_ab_psnr_rgb_db"] = [math.inf] * 4
    over = metrics.summarize(table)["model_over"]
    # Differences 1, 3, 2: mean 2, deviation 1, error 1 / sqrt(3).
    assert over["gray"]["psnr_rgb_db"] == 2
    assert over["gray"]["psnr_rgb_db_se"] == pytest.approx(3**-0.5)
    assert over["mean_ab"] == {"psnr_rgb_db": None, "psnr_rgb_db_se": None}
