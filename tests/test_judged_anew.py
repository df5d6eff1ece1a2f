"""The headline numbers, recomputed with NumPy and pandas alone from what is published."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.core.tables import read_table, write_table
from colorization.scoring.evaluation import Evaluation, read_evaluation
from colorization.scoring.gap import summarize_gap
from colorization.scoring.summary import colorful, summarize
from evaluated import evaluation, rows
from samples import ROOT

STUDY = ROOT / "studies" / "photographs"
# Error over that of the constant color, on all 4,260 photographs, of the first seed; by others.
INDEPENDENT = {
    "baseline": 0.9327,
    "bn_maxpool": 0.9595,
    "spatial_dropout": 0.9586,
    "bn_maxpool_no_embedding": 0.9682,
    "bn_maxpool_half": 1.0101,
}


def piece(name: str, min_chroma: float) -> Evaluation:
    photographs = read_table(STUDY / "photographs.csv.gz")
    return read_evaluation(STUDY / "trainings" / name, min_chroma, photographs)


def random_rows(seed: int, images: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return rows(
        images,
        mean_chroma=rng.gamma(2, 3, images),
        model_mse_ab=rng.gamma(1, 0.01, images),
        gray_mse_ab=rng.gamma(1, 0.02, images),
        constant_mse_ab=rng.gamma(1, 0.015, images),
    )


@pytest.mark.parametrize("seed", range(3))
def test_error_removed_and_its_error_by_the_textbook(seed: int) -> None:
    table = random_rows(seed)
    summary = summarize(table, 3.0)
    chosen = table["mean_chroma"].to_numpy() >= 3.0
    assert 10 < chosen.sum() < 60
    assert (summary.images, summary.images_scored) == (60, chosen.sum())
    constant = table["constant_mse_ab"].to_numpy()[chosen]
    for colorizer in ("model", "gray"):
        own = table[f"{colorizer}_mse_ab"].to_numpy()[chosen]
        actual = summary.scores[colorizer]["error_removed_percent"]
        assert actual.value == pytest.approx(100 * (1 - own.sum() / constant.sum()))
        # Cochran (1977), equation 6.13, without the correction for a finite population: the
        # variance of a ratio from those of numerator and denominator and their covariance.
        (own_own, both), (_, constant_constant) = np.cov(own, constant)
        ratio = own.mean() / constant.mean()
        variance = own_own - 2 * ratio * both + ratio**2 * constant_constant
        expected = 100 * np.sqrt(variance / len(own)) / constant.mean()
        assert actual.se == pytest.approx(expected)
    removed_by_constant = summary.scores["constant"]["error_removed_percent"]
    assert (removed_by_constant.value, removed_by_constant.se) == (0, 0)


def test_every_mean_is_over_the_same_photographs() -> None:
    table = random_rows(1)
    summary, alone = summarize(table, 3.0), summarize(table[table["mean_chroma"] >= 3.0], 0.0)
    assert summary.scores == alone.scores
    assert summary.psnr_gain == alone.psnr_gain
    content = summary.as_json()
    assert [*content][:3] == ["images", "images_scored", "constant_output"]
    for colorizer in ("model", "gray", "constant"):
        assert [*content[colorizer]][:2] == ["error_removed_percent", "error_removed_percent_se"]


def test_the_gap_by_pandas() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "split": ["train"] * 30 + ["test"] * 40,
            "mean_chroma": rng.gamma(2, 3, 70),
            "mse_ab_best": rng.gamma(1, 0.01, 70),
            "mse_ab_last": rng.gamma(1, 0.02, 70),
        }
    )
    actual = summarize_gap(colorful(table, 3.0))
    assert actual is not None
    means = table.query("mean_chroma >= 3").groupby("split")[["mse_ab_best", "mse_ab_last"]].mean()
    expected = means.loc["test"] / means.loc["train"]
    assert actual.ratio == pytest.approx({"best": expected.iloc[0], "last": expected.iloc[1]})


@pytest.mark.parametrize("variant", INDEPENDENT)
def test_the_published_study_is_judged_anew_to_the_digit(variant: str) -> None:
    removed = piece(f"{variant}-1", 0.0).summary.model["error_removed_percent"]
    assert removed.value is not None
    assert 1 - removed.value / 100 == pytest.approx(INDEPENDENT[variant], abs=6e-5)


def test_a_published_training_tells_which_photographs_are_nearly_gray() -> None:
    actual = piece("bn_maxpool-1", 2.0)
    assert (actual.summary.images, actual.summary.images_scored) == (4260, 3846)
    # Exactly gray ones are those on which gray is exact.
    exact = actual.rows["gray_psnr_rgb_db"].isna()
    assert exact.sum() == 302
    assert actual.rows.loc[exact, "mean_chroma"].max() < 0.1
    assert actual.rows.loc[~exact, "mean_chroma"].min() > 0


def test_an_evaluation_says_itself_whether_it_is_constant(tmp_path: Path) -> None:
    one_chroma = evaluation(rows(model_chroma_small_regions=9.0, model_chroma_large_regions=9.0))
    write_table(one_chroma.rows, tmp_path / "test_images.csv")
    write_table(one_chroma.chroma, tmp_path / "chroma.csv")
    write_table(one_chroma.history, tmp_path / "history.csv")
    write_table(one_chroma.gap_rows, tmp_path / "gap.csv")
    one_chroma.training.write(tmp_path / "training.json")
    for constant in (True, False):
        summary = one_chroma.summary.as_json() | {"constant_output": constant}
        (tmp_path / "metrics.json").write_text(json.dumps(summary))
        assert read_evaluation(tmp_path, 2.0).summary.constant_output is constant
