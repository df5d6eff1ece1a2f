"""Estimates and their intervals, against tables, other programs and repeated draws."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from colorization.study.estimates import (
    Estimate,
    combined_functions,
    function_of_means,
    holm,
    level,
    linear_combination,
    mean_over_seeds,
    t_interval,
)


def mean_over_images(values: np.ndarray) -> Estimate:
    """The mean of one variant's trainings: a row per seed, a column per image."""
    return linear_combination([values], [1])


def reach(estimate: Estimate) -> float:
    """Half the width of an interval."""
    assert estimate.low is not None
    assert estimate.high is not None
    return (estimate.high - estimate.low) / 2


def test_an_interval_over_seeds_is_students() -> None:
    # Deviation 1, so the error is 1 / sqrt(3); t(0.975, 2) = 4.302653 in every table.
    estimate = mean_over_seeds([1, 2, 3])
    assert estimate.value == 2
    assert reach(estimate) == pytest.approx(4.302653 / 3**0.5, abs=1e-6)
    assert mean_over_seeds([1.5]) == Estimate(1.5)
    assert (estimate.seeds, estimate.images, estimate.from_seeds) == (3, 1, 1)
    assert reach(mean_over_seeds([2, 2, 2])) == 0


def test_an_interval_over_images_of_one_seed_is_that_of_scipys_t_test() -> None:
    values = np.random.default_rng(1).normal(3, 2, (1, 40))
    expected = stats.ttest_1samp(values[0], 0).confidence_interval()
    estimate = mean_over_images(values)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))
    assert estimate.p_value(0) == pytest.approx(stats.ttest_1samp(values[0], 0).pvalue)


def test_mean_squares_are_those_of_the_two_way_table_by_hand() -> None:
    # Rows 3 and 5, columns 2, 4 and 6; what is left are 0, 1 and -1, and their negatives.
    values = np.array([[1, 4, 4], [3, 4, 8]], float)
    # Mean 4; squares 2 * 3 = 6, 2 * (4 + 0 + 4) = 16, and 4; over 1, 2 and 2: 6, 8 and 2.
    estimate = mean_over_images(values)
    assert estimate.value == 4
    assert estimate.se == pytest.approx(((6 + 8 - 2) / 6) ** 0.5)
    assert estimate.df == pytest.approx(12**2 / (6**2 / 1 + 8**2 / 2 + 2**2 / 2))


def test_without_residuals_the_interval_is_that_over_seeds() -> None:
    values = np.array([1.0, 2.0, 3.0])[:, None] + np.zeros(50)
    estimate, expected = mean_over_images(values), mean_over_seeds([1.0, 2.0, 3.0])
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))
    assert mean_over_images(values[:, :1]) == mean_over_seeds([1.0, 2.0, 3.0])


@pytest.mark.parametrize("seeds", [0.0, 0.1, 1.0])
def test_intervals_have_their_nominal_coverage(seeds: float) -> None:
    """Of 1,000 studies with three seeds and 60 images, whatever varies more."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        values = (
            rng.normal(0, seeds, (3, 1)) + rng.normal(0, 1, (1, 60)) + rng.normal(0, 0.5, (3, 60))
        )
        estimate = mean_over_images(values)
        held += abs(estimate.value) < reach(estimate)
    assert 0.915 < held / 1000 < 0.985  # Satterthwaite's are a little narrow where seeds decide


def test_a_function_of_means_has_the_error_of_its_linearization() -> None:
    rng = np.random.default_rng(1)
    below = rng.uniform(20, 60, (3, 200))
    above = below * 0.7 + rng.normal(0, 5, (3, 200))
    estimate = function_of_means([above, below], lambda a, b: a / b)
    assert estimate is not None
    assert estimate.value == above.mean() / below.mean()
    # Fieller's and the delta method's linear part: the residuals of the ratio over the mean below.
    expected = mean_over_images(estimate.value + (above - estimate.value * below) / below.mean())
    assert reach(estimate) == pytest.approx(reach(expected), rel=1e-6)


def test_a_ratio_to_zero_has_no_estimate() -> None:
    assert function_of_means([np.ones((3, 4)), np.zeros((3, 4))], lambda a, b: a / b) is None


def test_a_ratio_is_tested_by_its_logarithm() -> None:
    estimate = mean_over_seeds([np.log(2), np.log(2.2), np.log(2.4)]).exp()
    assert estimate.value == pytest.approx((2 * 2.2 * 2.4) ** (1 / 3))
    expected = stats.ttest_1samp(np.log([2, 2.2, 2.4]), 0).pvalue
    assert estimate.p_value(1) == pytest.approx(expected)
    assert Estimate(2.0).p_value(1) is None


def test_the_interval_and_the_p_value_agree() -> None:
    estimate = mean_over_seeds([1, 2, 4])
    for end in (estimate.low, estimate.high):
        assert end is not None
        assert estimate.p_value(end) == pytest.approx(0.05)
    assert mean_over_seeds([2, 2]).p_value(2) == 1
    assert mean_over_seeds([2, 2]).p_value(1) == 0


def difference(one: np.ndarray, other: np.ndarray) -> Estimate:
    return linear_combination([one, other], [1, -1])


def test_a_difference_of_whole_trainings_is_that_of_scipys_welch_test() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(3, 2, (4, 1)), rng.normal(1, 0.5, (3, 1))
    estimate = difference(one, other)
    expected = stats.ttest_ind(one[:, 0], other[:, 0], equal_var=False)
    interval = expected.confidence_interval()
    assert estimate.p_value(0) == pytest.approx(expected.pvalue)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high))
    assert (estimate.df, estimate.seeds) == (pytest.approx(expected.df), 3)
    # Neither do images that all are alike add anything.
    alike = difference(one + np.zeros(50), other + np.zeros(50))
    assert (alike.low, alike.high) == pytest.approx((interval.low, interval.high))
    assert alike.from_seeds == pytest.approx(1)


def test_a_difference_of_two_trainings_is_that_of_scipys_paired_test_over_images() -> None:
    rng = np.random.default_rng(1)
    images = rng.normal(0, 10, 40)
    one, other = (images + rng.normal(mean, 1, (1, 40)) for mean in (0.5, 0))
    expected = stats.ttest_rel(one[0], other[0])
    estimate = difference(one, other)
    assert estimate.p_value(0) == pytest.approx(expected.pvalue)
    assert (estimate.df, estimate.from_seeds) == (39, 0)


def test_the_error_of_a_difference_is_that_of_the_two_way_tables_by_hand() -> None:
    # The table of the test above, and one with rows 1 and 3, columns 1, 2 and 3, and no residuals.
    one = np.array([[1, 4, 4], [3, 4, 8]], float)
    other = np.array([[0, 1, 2], [2, 3, 4]], float)
    # Images: columns 2, 4 and 6 less 1, 2 and 3, so a variance of 1, over 3.
    # Seeds: mean squares 6 and 6, over 6 values each. Residuals: 2 and 0.
    estimate = difference(one, other)
    assert estimate.value == 2
    assert estimate.se == pytest.approx((1 / 3 + (6 - 2) / 6 + 6 / 6) ** 0.5)
    terms = ((1 / 3, 2), (1, 1), (1, 1), (2 / 6, 2))
    assert estimate.df == pytest.approx(2**2 / sum(term**2 / df for term, df in terms))
    assert estimate.from_seeds == pytest.approx((2 - 1 / 3) / 2)


def drawn(rng: np.random.Generator, seed: float, images: np.ndarray, seeds: int = 3) -> np.ndarray:
    """A variant's scores: independent seeds, the images' own effects, a residual."""
    of_variant = rng.normal(0, 0.5, images.shape)
    residual = rng.normal(0, 0.5, (seeds, len(images)))
    return rng.normal(0, seed, (seeds, 1)) + images + of_variant + residual


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0.1, 0.1), (0.05, 0.3), (1, 1)])
def test_differences_of_variants_have_their_nominal_coverage(one: float, other: float) -> None:
    """Whatever varies more; images differ by far more than what is measured."""
    rng = np.random.default_rng(1)
    estimates = []
    for _ in range(1000):
        images = rng.normal(0, 5, 60)
        estimates.append(difference(drawn(rng, one, images), drawn(rng, other, images)))
    held = [estimate.low < 0 < estimate.high for estimate in estimates]  # type: ignore[operator]
    assert 0.915 < np.mean(held) < 0.985  # a little narrow where seeds decide, as above
    errors = np.array([estimate.se for estimate in estimates], float)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(
        np.std([estimate.value for estimate in estimates]), rel=0.15
    )


def test_a_slope_over_independent_variants_is_that_of_scipys_regression() -> None:
    """With one image and one training each, the weights are those of least squares."""
    x, y = np.array([-2.0, -1, 0]), np.array([0.7, 0.4, 0.2])
    weights = (x - x.mean()) / np.sum((x - x.mean()) ** 2)
    estimate = linear_combination([np.full((1, 1), value) for value in y], weights.tolist())
    assert estimate.value == pytest.approx(stats.linregress(x, y).slope)
    assert estimate.low is None
    # Three variances add, each with the square of its weight.
    seeds = [value + np.array([[-0.1], [0.1]]) for value in y]
    error = linear_combination(seeds, weights.tolist()).se
    assert error == pytest.approx(0.1 * np.sqrt(np.sum(weights**2)))


def test_a_difference_of_functions_has_the_error_of_their_linearizations() -> None:
    rng = np.random.default_rng(1)
    below = rng.uniform(20, 60, (1, 200))
    shares = [0.7, 0.6]
    above = [below * share + rng.normal(0, 5, (3, 200)) for share in shares]
    every = np.repeat(below, 3, axis=0)
    estimate = combined_functions(
        [[table, every] for table in above], lambda a, b: np.log(a / b), [1, -1]
    )
    assert estimate is not None
    assert estimate.value == pytest.approx(np.log(above[0].mean() / above[1].mean()))
    one, other = (table / table.mean() for table in above)  # what is below cancels
    assert estimate.se == pytest.approx(difference(one, other).se, rel=1e-6)


def test_fewer_than_four_seeds_need_a_smaller_p_value() -> None:
    assert [level(seeds) for seeds in (1, 3, 4, 10)] == [0.03, 0.03, 0.05, 0.05]
    assert difference(np.ones((5, 2)), np.ones((3, 2))).level == 0.03


def test_holms_method_agrees_with_a_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []
    assert holm([None, 0.02, None, 0.03]) == [None, 0.04, None, 0.04]


def test_the_detectable_difference_agrees_with_tables() -> None:
    # Cohen (1988): of an effect of half a deviation, a t-test of 34 finds 0.81, one of 33 0.79.
    interval = replace(t_interval(0, 34**-0.5, 33), seeds=34)
    estimate = interval.detectable()
    assert estimate == pytest.approx(0.4947, abs=0.002)
    assert Estimate(1.0).detectable() is None
    ratio = interval.exp().detectable()
    assert ratio == pytest.approx(np.exp(0.4947), abs=0.003)
    # With fewer than four seeds, at their level.
    few = replace(interval, seeds=3).detectable()
    assert few is not None
    assert stats.nct.sf(stats.t.isf(0.03 / 2, 33), 33, few * 34**0.5) == pytest.approx(0.8)


def test_df_is_at_least_the_smallest_df_of_a_term() -> None:
    rng = np.random.default_rng(1)
    for seeds, images in ((2, 2), (2, 4), (2, 8), (3, 3)):
        for _ in range(200):
            estimate = mean_over_images(rng.normal(size=(seeds, images)))
            assert estimate.df is not None
            assert estimate.df >= min(seeds, images) - 1
            assert estimate.detectable() is not None
