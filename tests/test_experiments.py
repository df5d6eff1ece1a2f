"""A study's trainings: what is read, and what is estimated of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from colorization.core.errors import ColorizationError
from colorization.core.settings import Params
from colorization.labels.subsets import Labels, mean_colors
from colorization.scoring.evaluation import Evaluation
from colorization.study.estimates import Estimate
from colorization.study.experiments import (
    Experiments,
    combination,
    difference_of_trainings,
    function_of_columns,
    mean_of_trainings,
    ratio,
    ratio_of_trainings,
    read_experiments,
)
from evaluated import evaluation, rows
from samples import ROOT
from test_published import write

PSNR = "model_psnr_rgb_db"


def last(training: Evaluation) -> float:
    return training.history["val_mse"].iloc[-1]


def ending(*ends: float) -> list[Evaluation]:
    """Trainings whose validation MSE ends so."""
    return [evaluation(val_mse=(0.3, end)) for end in ends]


def with_psnr(value: Any) -> Evaluation:
    return evaluation(rows(np.size(value) if np.ndim(value) else 4, model_psnr_rgb_db=value))


def study(**trainings: Sequence[Evaluation]) -> Experiments:
    """The trainings of some variants; no two have a seed in common."""
    numbered = {
        (name, 10 * number + seed): made
        for number, (name, every) in enumerate(trainings.items())
        for seed, made in enumerate(every)
    }
    return Experiments(numbered, "scenes")


def same(value: float) -> float:
    return value


def over(one: float, other: float) -> float:
    return one / other


def test_a_difference_of_trainings_is_that_of_scipys_welch_test() -> None:
    ones, others = (0.2, 0.3, 0.25), (0.1, 0.4)
    estimate = difference_of_trainings(
        study(l2=ending(*ones), deeper=ending(*others)), "l2", "deeper", last
    )
    expected = stats.ttest_ind(ones, others, equal_var=False)
    interval = expected.confidence_interval()
    assert estimate is not None
    assert estimate.p_value(0) == pytest.approx(expected.pvalue)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high))
    assert (estimate.seeds, estimate.images) == (2, 1)


def test_a_ratio_of_trainings_is_a_difference_of_logarithms() -> None:
    ones, others = (0.2, 0.3, 0.25), (0.1, 0.4)
    estimate = ratio_of_trainings(
        study(l2=ending(*ones), deeper=ending(*others)), "l2", "deeper", last
    )
    expected = stats.ttest_ind(np.log(ones), np.log(others), equal_var=False)
    assert estimate is not None
    assert estimate.value == pytest.approx(stats.gmean(ones) / stats.gmean(others))
    assert estimate.p_value(1) == pytest.approx(expected.pvalue)


def test_a_single_curve_has_no_interval_and_several_have_one() -> None:
    assert mean_of_trainings(ending(0.2), last) == Estimate(0.2)
    both = mean_of_trainings(ending(0.2, 0.4), last)
    assert both is not None
    assert both.value == pytest.approx(0.3)
    assert both.low is not None
    assert mean_of_trainings([], last) is None
    assert mean_of_trainings(ending(0.2, np.nan), last) is None


def test_the_interval_over_images_agrees_with_repeated_draws() -> None:
    rng = np.random.default_rng(7)

    def draw() -> tuple[np.ndarray, np.ndarray]:
        below = rng.uniform(20, 60, 200)
        return below * rng.uniform(0.5, 0.9, 200), below

    above, below = draw()
    drawn = evaluation(rows(200, colorfulness=below, model_colorfulness=above))
    estimate = function_of_columns([drawn], ["model_colorfulness", "colorfulness"], over)
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < 0.7 < estimate.high
    ratios = [above.sum() / below.sum() for above, below in (draw() for _ in range(300))]
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * np.std(ratios), rel=0.2)


def test_images_without_a_value_are_excluded() -> None:
    part = evaluation(rows(3, chroma_small_regions=[np.nan, 10.0, 30.0]))
    columns = ["model_chroma_small_regions", "chroma_small_regions"]
    estimate = function_of_columns([part], columns, over)
    assert estimate is not None
    assert estimate.value == 1  # 20 + 20 over 10 + 30
    none = evaluation(rows(3, chroma_small_regions=np.nan))
    assert function_of_columns([none], columns, over) is None
    single = function_of_columns([evaluation(rows(1))], columns, over)
    assert single == Estimate(0.5, None, None)


def test_a_difference_of_columns_is_paired_by_image_and_not_by_seed() -> None:
    images = np.array([20.0, 24.0, 31.0, 29.0])
    ones = [with_psnr(images + seed) for seed in (1.0, 1.5)]
    others = [with_psnr(images + seed) for seed in (0.0, 0.5)]
    estimate = combination(study(l2=ones, deeper=others), {"l2": 1, "deeper": -1}, [PSNR], same)
    # Whatever the images are, what remains is Welch's test of the seeds.
    expected = stats.ttest_ind([1, 1.5], [0, 0.5], equal_var=False)
    interval = expected.confidence_interval()
    assert estimate is not None
    assert (estimate.value, estimate.images) == (pytest.approx(1), 4)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high))


def test_one_seed_is_not_enough_to_compare_variants() -> None:
    one, two = [with_psnr([np.nan, 21.0])], [with_psnr([9, 20])] * 2
    estimate = combination(study(l2=one, deeper=two), {"l2": 1, "deeper": -1}, [PSNR], same)
    assert estimate == Estimate(1, images=1)
    assert combination(study(l2=one), {"l2": 1, "deeper": -1}, [PSNR], same) is None


def test_a_ratio_on_images_is_that_of_the_sums() -> None:
    ones, others = (
        [evaluation(rows(3, model_colorfulness=[1.0, 2.0, 3.0 + seed])) for seed in seeds]
        for seeds in ((0, 2), (0, 0))
    )
    estimate = ratio(study(l2=ones, deeper=others), "l2", "deeper", "model_colorfulness")
    assert estimate is not None
    assert estimate.value == pytest.approx(14 / 12)
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low * estimate.high == pytest.approx(estimate.value**2)


def test_a_combination_of_variants_has_their_weights() -> None:
    every = {
        name: [with_psnr(mean), with_psnr(mean + 2)] for name, mean in (("l2", 20), ("bn", 30))
    }
    weights = {"l2": 3.0, "bn": -1.0}
    estimate = combination(study(**every), weights, [PSNR], same)
    assert estimate is not None
    assert estimate.value == pytest.approx(3 * 21 - 31)
    # The two seeds of each have a standard error of 1.
    assert estimate.se == pytest.approx(10**0.5)


def test_estimates_are_over_one_set_of_photographs_and_know_their_labels(tmp_path: Path) -> None:
    params = Params.load(ROOT / "profiles" / "quick.yaml")
    for variant, chroma in (("baseline", [1.9, 2.0, 9, 9]), ("l2", [2.1, 2.0, 9, 9])):
        made = evaluation(rows(4, mean_chroma=chroma), variant=variant)
        write(made, tmp_path / f"{variant}-1")
    truth = np.arange(4)[:, None, None, None] + np.zeros((4, 16, 16, 2))
    np.save(tmp_path / "truth.npy", truth)
    table = pd.DataFrame({"name": ["im0.jpg", "im3.jpg"], "label": ["sky", "sky"]})
    labels = Labels(table, mean_colors({}, [], []))
    experiments = read_experiments(params, tmp_path, truth=tmp_path / "truth.npy", labels=labels)
    # The first training decides for all; their photographs may differ by rounding.
    assert [len(training.rows) for training in experiments.trainings.values()] == [3, 3]
    assert experiments.photographs["name"].tolist() == ["im1.jpg", "im2.jpg", "im3.jpg"]
    assert experiments.inside("sky").tolist() == [False, False, True]
    assert experiments.inside("sea").tolist() == [False] * 3
    assert experiments.truth is not None
    assert experiments.truth[:, 0, 0, 0].tolist() == [1, 2, 3]
    bare = read_experiments(params, tmp_path)
    assert (bare.subsets, bare.truth) == ({}, None)


def test_trainings_that_were_scored_on_different_photographs_are_refused(tmp_path: Path) -> None:
    params = Params.load(ROOT / "profiles" / "quick.yaml")
    for variant, images in (("baseline", 4), ("l2", 5)):
        write(evaluation(rows(images), variant=variant), tmp_path / f"{variant}-1")
    with pytest.raises(ColorizationError) as caught:
        read_experiments(params, tmp_path)
    assert str(caught.value) == f"{tmp_path}: trainings were scored on different test images"


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
