"""What the rules of the claims measure, against closed forms and other libraries."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from colorization.dataset.labels import NATURE_ONLY
from colorization.scoring.predictions import Predictions
from colorization.scoring.summary import ratio_with_se
from colorization.study import measures
from colorization.study.estimates import Estimate, mean_over_seeds
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


def test_nature_less_objects_is_the_difference_of_two_ratios_of_sums() -> None:
    several = noisy(np.random.default_rng(1))
    estimate = measured(measures.lead_of_nature("bn_maxpool")(several))
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
    estimate = measured(measures.lead_of_nature("bn_maxpool")(single))
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


def test_the_gap_varies_over_seeds_and_photographs() -> None:
    given = study()
    estimate = measured(measures.gap("bn_maxpool")(given))
    logs = np.log([1.202, 1.204, 1.206])
    assert estimate.value == pytest.approx(stats.gmean([1.202, 1.204, 1.206]))
    of_seeds = np.var(logs, ddof=1) / 3
    of_photographs = np.mean((0.01 / np.exp(logs)) ** 2)
    assert estimate.se == pytest.approx(np.sqrt(of_seeds + of_photographs))
    assert estimate.df == pytest.approx(
        (of_seeds + of_photographs) ** 2 / (of_seeds**2 / 2 + of_photographs**2 / 499)
    )
    assert (estimate.seeds, estimate.images, estimate.is_ratio) == (3, 500, True)
    # Of one training the photographs remain.
    one = replace(given, trainings={("bn_maxpool", 1): given.trainings["bn_maxpool", 1]})
    single = measured(measures.gap("bn_maxpool")(one))
    assert single.se == pytest.approx(0.01 / 1.202)


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
    assert estimate.value == pytest.approx(stats.linregress(np.log2([*names]), errors).slope)


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
    assert measures.largest_rise(history) == pytest.approx(1)
    assert measures.instability(history) == pytest.approx((np.log(2) + np.log(4)) / 2)
    several = measured(measures.history_mean("l2", measures.largest_rise)(study()))
    assert several.seeds == 3
    assert several.value < 0  # they only fall


def test_the_means_of_seeds_are_those_of_estimates() -> None:
    estimate = measures.training_mse_after_best("bn_maxpool")(study())
    assert measured(estimate).value == pytest.approx(mean_over_seeds([0.801, 0.802, 0.803]).value)
