"""The scores of one photograph: what is perfect, what is gray, and what is missing."""

import numpy as np
import pandas as pd
import pytest

from colorization.color import color_metrics, lab, similarity
from colorization.color.statistics import ColorStatistics, count_colors
from colorization.scoring.ab_errors import auc_ab_percent
from colorization.scoring.metrics import METRICS, score
from colorization.scoring.reference import Colorized, Reference
from samples import scene

RGB = scene(4, 64, 48)


def colors(rgb: np.ndarray = RGB) -> ColorStatistics:
    return count_colors(lab.rgb_to_lab(rgb)[1][None])


def prepared(rgb: np.ndarray = RGB) -> Reference:
    """Small parts: the four columns on the left."""
    small = np.zeros(rgb.shape[:2], bool)
    small[:, :4] = True
    return Reference(rgb, colors(rgb), small)


def test_a_perfect_prediction_scores_best() -> None:
    reference = prepared()
    actual = score(Colorized(reference, reference.ab))
    assert actual["psnr_rgb_db"] is None
    best = {"ssim_rgb": 1, "ciede2000_mean": 0, "mse_ab": 0}
    best |= {"auc_ab_percent": 100, "auc_ab_rebalanced_percent": 100}
    best |= {"ab_error_small_regions": 0, "ab_error_large_regions": 0}
    assert {name: actual[name] for name in best} == best
    assert actual["colorfulness"] == reference.facts()["colorfulness"]


def test_a_gray_prediction_is_the_gray_photograph() -> None:
    reference = prepared()
    actual = score(Colorized(reference, np.zeros_like(reference.ab)))
    assert (actual["psnr_vs_gray_db"], actual["ssim_vs_gray"]) == (None, 1)
    assert actual["colorfulness"] == pytest.approx(0, abs=0.5)  # channels differ by rounding
    assert actual["chroma_small_regions"] == 0
    chroma = np.hypot(*np.moveaxis(reference.ab, -1, 0)) * lab.AB_SCALE
    assert actual["ab_error_small_regions"] == pytest.approx(chroma[:, :4].mean(), rel=1e-5)
    assert actual["ab_error_large_regions"] == pytest.approx(chroma[:, 4:].mean(), rel=1e-5)


def test_each_metric_is_the_one_of_its_name() -> None:
    reference = prepared()
    ab = reference.ab[::-1]
    rgb = lab.lab_to_rgb(reference.L, ab)
    actual = score(Colorized(reference, ab))
    assert actual["psnr_rgb_db"] == similarity.psnr_rgb_db(RGB, rgb)
    assert actual["psnr_vs_gray_db"] == similarity.psnr_rgb_db(reference.gray, rgb)
    # Single precision costs a little.
    assert actual["ssim_rgb"] == pytest.approx(similarity.ssim_rgb(RGB, rgb), abs=1e-5)
    assert actual["ssim_vs_gray"] == pytest.approx(
        similarity.ssim_rgb(reference.gray, rgb), abs=1e-5
    )
    assert actual["mse_ab"] == pytest.approx(
        np.mean((reference.ab.astype(float) - ab) ** 2), rel=1e-12
    )
    one, other = (lab.to_cie(*lab.rgb_to_lab(image)).astype(np.float64) for image in (RGB, rgb))
    expected = color_metrics.ciede2000_mean(one, other)
    assert actual["ciede2000_mean"] == pytest.approx(expected, rel=1e-4)
    error = np.hypot(*np.moveaxis(reference.ab - ab, -1, 0)) * lab.AB_SCALE
    weights = colors().rarity(reference.ab)
    assert actual["auc_ab_percent"] == pytest.approx(auc_ab_percent(error))
    rebalanced = auc_ab_percent(error, weights)
    assert actual["auc_ab_rebalanced_percent"] == pytest.approx(rebalanced)
    assert abs(rebalanced - auc_ab_percent(error)) > 0.1


def test_scores_improve_toward_the_truth() -> None:
    reference = prepared()
    scored = pd.DataFrame(
        [score(Colorized(reference, factor * reference.ab)) for factor in (0, 0.3, 0.6, 0.9)]
    )
    steps = scored.astype(float).diff().iloc[1:]
    for key in ("psnr_rgb_db", "auc_ab_percent", "auc_ab_rebalanced_percent"):
        assert (steps[key] > 0).all()
    for key in ("ciede2000_mean", "mse_ab", "ab_error_small_regions", "ab_error_large_regions"):
        assert (steps[key] < 0).all()


BLACK = np.zeros((32, 32, 3), np.uint8)
GRAY = np.repeat(scene(1, 32, 32)[..., :1], 3, axis=-1)


@pytest.mark.parametrize("rgb", [BLACK, GRAY, RGB], ids=["black", "gray", "colored"])
def test_every_figure_is_finite_or_missing(rgb: np.ndarray) -> None:
    nowhere = np.zeros(rgb.shape[:2], bool)
    reference = Reference(rgb, colors(rgb), nowhere)
    for value in (0, 0.1):
        actual = score(Colorized(reference, np.full((*rgb.shape[:2], 2), value, np.float32)))
        for metric in METRICS:
            figure = actual[metric.key]
            assert not metric.always_defined if figure is None else np.isfinite(figure)
        assert actual["ab_error_small_regions"] is None
        # A photograph without color is met exactly by giving it none.
        assert (actual["psnr_rgb_db"] is None) == (value == 0 and rgb is not RGB)
    assert reference.facts()["chroma_small_regions"] is None
