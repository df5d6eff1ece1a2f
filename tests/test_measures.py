"""What the rules of the claims measure, against closed forms and other libraries."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from colorization.labels.subsets import NATURE_ONLY
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.gap import summarize_gap
from colorization.scoring.predictions import Predictions
from colorization.scoring.summary import ratio_with_se
from colorization.study import measures
from colorization.study.estimates import Estimate
from colorization.study.experiments import Experiments
from test_claims import IMAGES, LINES, OBJECTS, SUBSETS, study, trained


def noisy(rng: np.random.Generator, seeds: int = 3) -> Experiments:
    """bn_maxpool, with an error on each photograph drawn at random."""
    trainings = {}
    for seed, made in enumerate(trained()[:seeds]):
        constant = made.rows["constant_mse_ab"]
        shares = rng.uniform(0.8, 1.1, (2, IMAGES))
        columns = {
            "model_mse_ab": shares[0] * constant,
            "model_mse_ab_in_small_regions": shares[1] * constant / 4,
            "model_mse_ab_in_large_regions": (shares[0] - shares[1] / 4) * constant,
        }
        trainings["bn_maxpool", seed] = replace(made, rows=made.rows.assign(**columns))
    return Experiments(trainings, "photos.zip", lines=LINES, subsets=SUBSETS)


def measured(estimate: Estimate | None) -> Any:
    assert estimate is not None
    return estimate


def test_error_removed_by_one_training_is_cochrans_ratio_estimate() -> None:
    single = noisy(np.random.default_rng(1), seeds=1)
    inside = single.inside(NATURE_ONLY)
    assert inside.sum() == 8
    for subset, rows in (("", single.photographs), (NATURE_ONLY, single.photographs[inside])):
        estimate = measured(measures.error_removed("bn_maxpool", subset)(single))
        expected = ratio_with_se(rows["model_mse_ab"], rows["constant_mse_ab"])
        assert expected.value is not None
        assert expected.se is not None
        assert estimate.value == pytest.approx(100 * (1 - expected.value))
        assert estimate.se == pytest.approx(100 * expected.se)
        assert estimate.images == len(rows)


def test_nature_minus_objects_is_the_difference_of_two_ratios_of_sums() -> None:
    several = noisy(np.random.default_rng(1))
    estimate = measured(measures.lead_over_objects("bn_maxpool", NATURE_ONLY)(several))
    removed = []
    for inside in (~OBJECTS, OBJECTS):
        rows = [training.rows[inside] for training in several.trainings.values()]
        model, constant = (
            sum(table[f"{name}_mse_ab"].sum() for table in rows) for name in ("model", "constant")
        )
        removed.append(100 * (1 - model / constant))
    assert estimate.value == pytest.approx(removed[0] - removed[1])


def test_photographs_of_two_subsets_are_independent() -> None:
    """So the variances of the two add, but for the factors n / (n - 1) of small samples."""
    single = noisy(np.random.default_rng(2), seeds=1)
    estimate = measured(measures.lead_over_objects("bn_maxpool", NATURE_ONLY)(single))
    variance = 0.0
    for inside in (~OBJECTS, OBJECTS):
        rows = single.photographs[inside]
        residuals = rows["model_mse_ab"] - rows["constant_mse_ab"] * (
            rows["model_mse_ab"].sum() / rows["constant_mse_ab"].sum()
        )
        variance += 100**2 * (residuals**2).sum() / rows["constant_mse_ab"].sum() ** 2
    assert estimate.se == pytest.approx(np.sqrt(variance * IMAGES / (IMAGES - 1)))


def test_small_less_large_regions_is_the_difference_of_two_ratios_of_sums() -> None:
    several = noisy(np.random.default_rng(3))
    estimate = measured(measures.lead_of_regions("bn_maxpool", "small", "large")(several))
    rows = pd.concat([training.rows for training in several.trainings.values()])
    removed = [
        100
        * (
            1
            - rows[f"model_mse_ab_in_{size}_regions"].sum()
            / rows[f"constant_mse_ab_in_{size}_regions"].sum()
        )
        for size in ("small", "large")
    ]
    assert estimate.value == pytest.approx(removed[0] - removed[1])


def test_chroma_by_uncertainty_is_that_of_a_table_of_pixels() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 10, (IMAGES, 16, 16, 2))
    entropy = rng.uniform(0, 8, (2, IMAGES, 16, 16)).astype(np.float16)
    given = replace(study(), truth=truth)
    trainings = dict(given.trainings)
    predictions = rng.normal(0, 5, (3, IMAGES, 16, 16, 2)).astype(np.float16)
    for index, (seed, predicted) in enumerate(zip((1, 2, 3), predictions, strict=True)):
        made = trainings["bn_maxpool", seed]
        trainings["bn_maxpool", seed] = replace(made, predictions=Predictions(predicted))
        other = trainings["l2", seed]
        trainings["l2", seed] = replace(
            other, predictions=Predictions(predicted, entropy[index] if index < 2 else None)
        )
    kept = {key: made for key, made in trainings.items() if key[0] in ("bn_maxpool", "l2")}
    estimate = measured(
        measures.chroma_by_uncertainty("bn_maxpool")(replace(given, trainings=kept))
    )

    # Pixel by pixel, with pandas: thirds of the mean entropy, sums of chroma over all seeds.
    pixels = pd.DataFrame(
        {
            "third": pd.qcut(
                entropy.astype(float).mean(axis=0).ravel(), 3, labels=["low", "middle", "high"]
            ),
            "true": 3 * np.sqrt((truth**2).sum(axis=-1)).ravel(),
            "predicted": np.sqrt((predictions.astype(float) ** 2).sum(axis=-1)).sum(axis=0).ravel(),
        }
    )
    sums = pixels.groupby("third", observed=True).sum()
    ratios = sums["predicted"] / sums["true"]
    assert estimate.value == pytest.approx(ratios["high"] - ratios["low"])
    assert estimate.images == IMAGES


def with_gaps(rng: np.random.Generator, spread: float, *variants: str) -> Experiments:
    """Variants whose errors on the photographs of the gap are drawn at random.

    Seeds and photographs are random, and photographs in part the same way for all seeds.
    """
    given = study()
    trainings = {}
    of_photographs = rng.gamma(2, 0.01, 400)
    for name in variants:
        of_variant = of_photographs * rng.uniform(0.5, 1.5, 400)
        for (_, seed), made in zip(
            [key for key in given.trainings if key[0] == name],
            [made for key, made in given.trainings.items() if key[0] == name],
            strict=True,
        ):
            errors = of_variant * rng.uniform(0.8, 1.2, 400) * np.exp(rng.normal(0, spread))
            rows = pd.DataFrame(
                {
                    "split": np.repeat(["train", "test"], [150, 250]),
                    "name": np.arange(400),
                    "mse_ab_best": 2 * errors,
                    "mse_ab_last": np.where(np.arange(400) < 150, errors, 1.5 * errors),
                }
            )
            trainings[name, seed] = replace(made, gap_rows=rows)
    return replace(given, trainings=trainings)


def errors_of(training: Evaluation, split: str) -> np.ndarray:
    rows = training.gap_rows
    assert rows is not None
    return rows.loc[rows["split"] == split, "mse_ab_last"].to_numpy()


def test_the_gap_of_one_training_has_the_variance_of_two_independent_means() -> None:
    given = with_gaps(np.random.default_rng(1), 0, "bn_maxpool")
    one = replace(given, trainings=dict([*given.trainings.items()][:1]))
    (training,) = one.trainings.values()
    estimate = measured(measures.gap("bn_maxpool")(one))
    test, train = (errors_of(training, split) for split in ("test", "train"))
    assert estimate.value == pytest.approx(test.mean() / train.mean())
    variance = sum((stats.sem(errors) / errors.mean()) ** 2 for errors in (test, train))
    assert estimate.se == pytest.approx(np.sqrt(variance), rel=0.01)
    assert training.gap_rows is not None
    summarized = summarize_gap(training.gap_rows)
    assert summarized is not None
    assert estimate.value == pytest.approx(summarized.ratio["last"])


def test_the_gap_varies_over_seeds_and_photographs() -> None:
    given = with_gaps(np.random.default_rng(2), 0.3, "bn_maxpool")
    estimate = measured(measures.gap("bn_maxpool")(given))
    means = [
        np.mean([errors_of(training, split) for training in given.trainings.values()])
        for split in ("test", "train")
    ]
    assert estimate.value == pytest.approx(means[0] / means[1])
    assert (estimate.seeds, estimate.images, estimate.is_ratio) == (3, 400, True)
    alone = measured(measures.gap("bn_maxpool")(replace(given, trainings=first_seed(given))))
    assert estimate.se > alone.se / np.sqrt(3)


def first_seed(given: Experiments) -> dict[tuple[str, int], Evaluation]:
    return {key: made for key, made in given.trainings.items() if key[1] == 1}


def test_gaps_of_two_variants_differ_by_what_each_photograph_changes() -> None:
    """Photographs count: as for two means of differences, test and training apart."""
    given = with_gaps(np.random.default_rng(3), 0, "bn_maxpool", "l2")
    estimate = measured(measures.gap_ratio("l2", "bn_maxpool")(given))
    values = [measured(measures.gap(name)(given)).value for name in ("l2", "bn_maxpool")]
    assert estimate.value == pytest.approx(values[0] / values[1])
    variance = 0.0
    for split in ("test", "train"):
        relative = []
        for name in ("l2", "bn_maxpool"):
            errors = np.mean([errors_of(one, split) for one in given.trainings_of(name)], axis=0)
            relative.append(errors / errors.mean())
        variance += stats.sem(relative[0] - relative[1]) ** 2
    assert estimate.se >= np.sqrt(variance) * 0.99
    assert estimate.images == 400
    # One seed is not enough to compare variants.
    alone = replace(given, trainings=first_seed(given))
    assert measured(measures.gap_ratio("l2", "bn_maxpool")(alone)).low is None


def test_the_gap_ratio_errs_as_often_as_its_level_says() -> None:
    """With photographs as the main part of the variance, which seeds alone do not show."""
    p_values = []
    for seed in range(200):
        given = with_gaps(np.random.default_rng(seed), 0.002, "bn_maxpool", "l2")
        estimate = measured(measures.gap_ratio("l2", "bn_maxpool")(given))
        p_values.append(estimate.p_value(1))
    assert 0.015 < np.mean(np.array(p_values) < 0.05) < 0.09


def test_gaps_on_different_photographs_are_not_compared() -> None:
    given = with_gaps(np.random.default_rng(4), 0, "bn_maxpool", "l2")
    made = given.trainings["l2", 1]
    assert made.gap_rows is not None
    renamed = replace(made, gap_rows=made.gap_rows.assign(name=np.arange(400)[::-1]))
    other = replace(given, trainings=given.trainings | {("l2", 1): renamed})
    assert measures.gap_ratio("l2", "bn_maxpool")(other) is None
    assert measures.gap("vgg19_unet")(other) is None


def test_the_training_mse_after_the_best_epoch_is_that_of_training_photographs() -> None:
    estimate = measured(measures.training_mse_after_best("bn_maxpool")(study()))
    assert estimate.value == pytest.approx(0.802)
    given = with_gaps(np.random.default_rng(5), 0.1, "bn_maxpool")
    assert measured(measures.training_mse_after_best("bn_maxpool")(given)).value == pytest.approx(
        0.5
    )


def test_a_constant_color_is_under_saturated_where_photographs_have_more_chroma() -> None:
    """As uncertain pixels are the more colorful ones: a closed form with two kinds of pixels."""
    truth = np.zeros((IMAGES, 16, 16, 2))
    truth[:, :8, :, 0], truth[:, 8:, :, 0] = 10, 30
    entropy = np.broadcast_to(np.linspace(1, 7, 16)[:, None], (IMAGES, 16, 16))

    def given(low: float, high: float) -> Experiments:
        ab = np.where(truth > 20, high, np.where(truth > 0, low, 0))
        made = trained()[0]
        return replace(
            study(),
            truth=truth,
            trainings={("bn_maxpool", 1): replace(made, predictions=Predictions(ab, entropy))},
        )

    def values(low: float, high: float) -> list[float]:
        return [
            measured(measure("bn_maxpool")(given(low, high))).value
            for measure in (
                measures.chroma_by_uncertainty,
                measures.constant_chroma_by_uncertainty,
                measures.chroma_by_uncertainty_over_constant,
            )
        ]

    # 7.5 / 30 minus 7.5 / 10, which a constant color gets without any doubt of its own.
    assert values(7.5, 7.5) == pytest.approx([-0.5, -0.5, 0])
    assert values(5.0, 15.0) == pytest.approx([0, 10 / 30 - 10 / 10, 2 / 3])
    assert values(9.0, 3.0) == pytest.approx([0.1 - 0.9, 6 / 30 - 6 / 10, -0.4])
    none = replace(given(5.0, 15.0), truth=truth[:0])
    assert measures.chroma_by_uncertainty("bn_maxpool")(none) is None


def test_the_slope_is_that_of_a_regression_on_doublings() -> None:
    removed = {1.0: 6.0, 0.5: 3.0, 0.25: 1.0}
    names = {1.0: "bn_maxpool", 0.5: "half_of_it", 0.25: "quarter_of_it"}
    variants: dict[str, Any] = {
        name: trained(removed[fraction], noise=0, train={"fraction": fraction})
        for fraction, name in names.items()
    }
    given = study(**variants)
    estimate = measured(measures.slope_over_data("bn_maxpool")(given))
    errors = [np.log(1 - removed[fraction] / 100) for fraction in names]
    slope = stats.linregress(np.log2([*names]), errors).slope
    assert (estimate.value, estimate.is_ratio) == (pytest.approx(np.exp(slope)), True)


def test_half_of_the_data_is_compared_with_a_quarter_and_with_all() -> None:
    given = study(
        half_of_it=trained(3.0, train={"fraction": 0.5}),
        quarter_of_it=trained(1.0, train={"fraction": 0.25}),
    )
    less = measured(measures.mse_over_that_with_less_data("bn_maxpool", 0.5, 0.25)(given))
    more = measured(measures.mse_over_that_with_less_data("bn_maxpool", 1.0, 0.5)(given))
    assert less.value == pytest.approx(0.97 / 0.99)
    assert more.value == pytest.approx(0.95 / 0.97)
    slope = measured(measures.slope_over_data("bn_maxpool")(given))
    assert slope.value == pytest.approx(np.sqrt(less.value * more.value))
    assert measures.mse_over_that_with_less_data("bn_maxpool", 1.0, 0.125)(given) is None


def test_amounts_of_data_are_of_variants_that_differ_in_nothing_else() -> None:
    given = study()
    expected = {0.25: "quarter_of_it", 0.5: "half_of_it", 1.0: "bn_maxpool"}
    assert measures.by_fraction(given, "bn_maxpool") == expected
    # Neither their names nor their order matters, and a control is another series.
    control = LINES["half_of_it"].model_copy(update={"embedding": "none"})
    lines = {"a_control": control} | LINES
    trainings = {("a_control", 1): trained(train={"fraction": 0.5})[0]} | given.trainings
    mixed = replace(given, lines=lines, trainings=trainings)
    assert measures.by_fraction(mixed, "bn_maxpool") == expected
    assert measures.by_fraction(given, "vgg16_conv") == {1.0: "vgg16_conv"}


def test_curves_are_summarized_as_described() -> None:
    history = pd.DataFrame({"train_mse": [0.04, 0.01, 0.02], "val_mse": [0.02, 0.04, 0.01]})
    assert measures.mean_training_mse(history) == pytest.approx(0.02)
    assert measures.largest_rise(history) == pytest.approx(100)
    assert measures.instability(history) == pytest.approx((np.log(2) + np.log(4)) / 2)
    several = measured(measures.history_mean("l2", measures.largest_rise)(study()))
    assert several.seeds == 3
    assert several.value < 0  # they only fall
