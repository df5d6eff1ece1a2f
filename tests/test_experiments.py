"""A study's trainings: how they are paired, and what is estimated of them."""

from typing import Any

import numpy as np
import pytest

from colorization.scoring.evaluation import Evaluation
from colorization.study.estimates import Estimate
from colorization.study.experiments import (
    Experiments,
    function_of_columns,
    mean_of_histories,
    paired_difference,
    paired_difference_on_images,
    paired_ratio,
    paired_ratio_on_images,
)
from evaluated import evaluation, rows


def psnr(found: Evaluation) -> float:
    psnr = found.summary.model["psnr_rgb_db"].value
    assert psnr is not None
    return psnr


def with_psnr(value: Any) -> Evaluation:
    return evaluation(rows(np.size(value) if np.ndim(value) else 4, model_psnr_rgb_db=value))


def ratio(one: float, other: float) -> float:
    return one / other


def test_differences_are_paired_by_seed() -> None:
    ones, others = [with_psnr(20), with_psnr(30)], [with_psnr(19), with_psnr(28)]
    # Differences 1 and 2, though the seeds differ by 10: t(0.975, 1) = 12.7062.
    found = paired_difference(ones, others, psnr)
    assert found is not None
    assert (found.value, found.low) == (1.5, pytest.approx(1.5 - 12.7062 / 2, abs=1e-4))
    factor = paired_ratio(ones, others, psnr)
    assert factor is not None
    assert factor.value == pytest.approx((20 / 19 * 30 / 28) ** 0.5)
    assert factor.low is not None
    assert factor.high is not None
    assert factor.low * factor.high == pytest.approx(factor.value**2)


def test_a_single_curve_has_no_interval_and_several_have_one() -> None:
    def last(history: object) -> float:
        return history["val_mse"].iloc[-1]  # type: ignore[index]

    one, other = evaluation(val_mse=(0.3, 0.2)), evaluation(val_mse=(0.3, 0.4))
    assert mean_of_histories([one], last) == Estimate(0.2)
    both = mean_of_histories([one, other], last)
    assert both is not None
    assert both.value == pytest.approx(0.3)


def test_the_interval_over_images_agrees_with_repeated_draws() -> None:
    rng = np.random.default_rng(7)

    def draw() -> Evaluation:
        below = rng.uniform(20, 60, 200)
        above = below * rng.uniform(0.5, 0.9, 200)
        return evaluation(rows(200, colorfulness=below, model_colorfulness=above))

    columns = ["model_colorfulness", "colorfulness"]
    found = function_of_columns([draw()], columns, ratio)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.7 < found.high
    ratios = [
        drawn.rows["model_colorfulness"].sum() / drawn.rows["colorfulness"].sum()
        for drawn in (draw() for _ in range(300))
    ]
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.std(ratios), rel=0.2)


def test_images_without_a_value_are_excluded() -> None:
    some = evaluation(rows(3, chroma_small_regions=[np.nan, 10.0, 30.0]))
    columns = ["model_chroma_small_regions", "chroma_small_regions"]
    found = function_of_columns([some], columns, ratio)
    assert found is not None
    assert found.value == 1  # 20 + 20 over 10 + 30
    none = evaluation(rows(3, chroma_small_regions=np.nan))
    assert function_of_columns([none], columns, ratio) is None
    single = function_of_columns([evaluation(rows(1))], columns, ratio)
    assert single == Estimate(0.5, None, None)


def test_differences_are_paired_by_image_and_seed() -> None:
    images = np.array([20.0, 24.0, 31.0, 29.0])
    ones = [with_psnr(images + more) for more in (1.0, 1.5)]
    others = [with_psnr(images + more) for more in (0.0, 0.5)]
    found = paired_difference_on_images(ones, others, "model_psnr_rgb_db")
    assert found is not None
    assert (found.low, found.value, found.high) == (1, 1, 1)  # whatever the images are
    one, other = with_psnr([np.nan, 21.0]), with_psnr([9, 20])
    exact = paired_difference_on_images([one], [other], "model_psnr_rgb_db")
    assert exact == Estimate(1)  # of one seed no difference is established
    assert paired_difference_on_images([], [], "model_psnr_rgb_db") is None


def test_a_ratio_on_images_is_that_of_the_sums() -> None:
    ones, others = (
        [evaluation(rows(3, model_colorfulness=[1.0, 2.0, 3.0 + seed])) for seed in seeds]
        for seeds in ((0, 2), (0, 0))
    )
    found = paired_ratio_on_images(ones, others, "model_colorfulness")
    assert found is not None
    assert found.value == pytest.approx(14 / 12)
    assert found.low is not None
    assert found.high is not None
    assert found.low * found.high == pytest.approx(found.value**2)
    assert paired_ratio_on_images(ones[:1], others[:1], "model_colorfulness") == Estimate(
        1, is_ratio=True
    )


def test_pairs_are_of_the_seeds_that_both_have() -> None:
    first, second, third = evaluation(), evaluation(), evaluation()
    study = Experiments(
        {("l2", 1): first, ("l2", 2): second, ("deeper", 2): third, ("deeper", 4): first}, "scenes"
    )
    assert study.pairs("l2", "deeper") == ([second], [third])
    assert study.pairs("l2", "baseline") == ([], [])


def test_experiments_are_grouped_by_variant() -> None:
    first, second, thinned = evaluation(), evaluation(), evaluation(fraction=0.25)
    study = Experiments(
        {("l2", 1): first, ("l2", 2): second, ("bn_maxpool_quarter", 1): thinned}, "scenes"
    )
    assert study.variants == ["l2", "bn_maxpool_quarter"]
    assert study.trainings_of("l2") == [first, second]
    assert study.trainings_of("bn_maxpool_quarter") == [thinned]
    assert study.trainings_of("baseline") == []


def test_a_seed_is_named_where_there_are_several() -> None:
    one = Experiments({("l2", 3): evaluation(), ("baseline", 3): evaluation()}, "scenes")
    assert list(one.by_name()) == ["l2", "baseline"]
    several = Experiments({("l2", 1): evaluation(), ("l2", 2): evaluation()}, "scenes")
    assert list(several.by_name()) == ["l2 (1)", "l2 (2)"]


def test_variants_trained_on_a_fraction_have_no_samples() -> None:
    first, second, half = evaluation(), evaluation(), evaluation(fraction=0.5)
    study = Experiments({("l2", 1): first, ("l2", 2): second, ("half", 1): half}, "scenes")
    assert list(study.by_name()) == ["l2 (1)", "l2 (2)", "half (1)"]
    assert study.with_samples() == {"l2": first}
    assert study.histories() == {"l2": [first.history, second.history]}
