"""What the rules of the claims measure: each function returns a measure of a study's trainings.

A measure maps `Experiments` to an `Estimate`, or to None if the trainings lack it.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from colorization.dataset.labels import NATURE_ONLY, OBJECTS_ONLY
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.metrics import metric
from colorization.scoring.summary import CONSTANT, ERROR_REMOVED, MODEL
from colorization.study.estimates import (
    Estimate,
    function_of_means,
    mean_over_seeds,
    with_error_over_images,
)
from colorization.study.experiments import (
    Experiments,
    combination,
    function_of_columns,
    mean_of_trainings,
    ratio,
    ratio_of_trainings,
    table_of,
)
from colorization.study.verdicts import Measure

REMOVED = metric(ERROR_REMOVED)
COLORFULNESS = f"{MODEL}_colorfulness"

OfHistory = Callable[[pd.DataFrame], float]


def error_removed(variant: str, subset: str = "") -> Measure:
    """Error removed by a variant, percent; given a subset, on its photographs."""

    def measure(study: Experiments) -> Estimate | None:
        if subset and not study.subsets:
            return study.label_scores.error_removed.get(variant, {}).get(subset)
        return function_of_columns(
            study.trainings_of(variant),
            REMOVED.columns(MODEL),
            REMOVED.of_means,
            study.inside(subset) if subset else None,
        )

    return measure


def lead(one: str, other: str) -> Measure:
    """Error removed by a variant less that of another, points."""
    return interaction({one: 1, other: -1})


def interaction(weights: dict[str, float]) -> Measure:
    """Weighted sum of the error that variants remove, points."""
    return lambda study: combination(study, weights, REMOVED.columns(MODEL), REMOVED.of_means)


def lead_of_nature(variant: str) -> Measure:
    """Error removed by a variant on nature only less that on objects only, points."""

    def measure(study: Experiments) -> Estimate | None:
        if not study.subsets:
            return study.label_scores.nature_lead.get(variant)
        trainings = study.trainings_of(variant)
        every = [table_of(trainings, column) for column in REMOVED.columns(MODEL)]
        kinds = [study.inside(kind) for kind in (NATURE_ONLY, OBJECTS_ONLY)]
        # No photograph is of both kinds. Where it is of one, it is 0 in the tables of the other, so
        # that a ratio of means is that of the photographs of a kind.
        either = kinds[0] | kinds[1]
        tables = [(table * kind)[:, either] for kind in kinds for table in every]
        return function_of_means(tables, _difference_of_errors_removed) if either.any() else None

    return measure


def lead_of_regions(variant: str, one: str, other: str) -> Measure:
    """Error removed by a variant in regions less that in others, points."""
    columns = [
        f"{colorizer}_mse_ab_in_{size}_regions"
        for size in (one, other)
        for colorizer in (MODEL, CONSTANT)
    ]
    return lambda study: function_of_columns(
        study.trainings_of(variant), columns, _difference_of_errors_removed
    )


def _difference_of_errors_removed(*means: float) -> float:
    return REMOVED.of_means(*means[:2]) - REMOVED.of_means(*means[2:])


def colorfulness(variant: str) -> Measure:
    """Colorfulness of a variant's images, over that of the photographs."""
    return lambda study: function_of_columns(
        study.trainings_of(variant), [COLORFULNESS, "colorfulness"], lambda a, b: a / b
    )


def colorfulness_ratio(one: str, other: str) -> Measure:
    """Colorfulness of a variant's images, over that of another's."""
    return lambda study: ratio(study, one, other, COLORFULNESS)


def history_ratio(one: str, other: str, quantity: OfHistory) -> Measure:
    """Ratio of a quantity of the learning curves of two variants."""
    return lambda study: ratio_of_trainings(
        study, one, other, lambda training: quantity(training.history)
    )


def history_mean(variant: str, quantity: OfHistory) -> Measure:
    """Mean of a quantity of a variant's learning curves."""
    return lambda study: mean_of_trainings(
        study.trainings_of(variant), lambda training: quantity(training.history)
    )


def mean_training_mse(history: pd.DataFrame) -> float:
    """Geometric mean of the training MSE over the epochs; lower with faster convergence.

    The validation MSE is also low while a network has not begun to overfit.
    """
    return float(np.exp(np.log(history["train_mse"]).mean()))


def instability(history: pd.DataFrame) -> float:
    """Mean absolute change of log validation MSE from one epoch to the next."""
    return float(np.log(history["val_mse"]).diff().abs().mean())


def largest_rise(history: pd.DataFrame) -> float:
    """Largest relative increase of the training MSE from one epoch to the next."""
    return history["train_mse"].pct_change().max()


def gap(variant: str) -> Measure:
    """Test over training MSE of a variant's last weights, over seeds and photographs.

    The photographs' part of the error is that of each training, which contains also what differs
    between seeds: the interval is a little too wide.
    """

    def measure(study: Experiments) -> Estimate | None:
        gaps = [training.summary.gap for training in study.trainings_of(variant)]
        defined = [one for one in gaps if one is not None]
        errors = [one.ratio_se["last"] for one in defined]
        if not defined or len(defined) < len(gaps) or None in errors:
            return None
        ratios = np.array([one.ratio["last"] for one in defined])
        error = math.sqrt(np.mean((np.array(errors, float) / ratios) ** 2))
        images = min(size for one in defined for size in one.images.values())
        return with_error_over_images(mean_over_seeds(np.log(ratios)), error, images).exp()

    return measure


def gap_ratio(one: str, other: str) -> Measure:
    """`gap` of a variant over that of another, over seeds alone.

    The photographs are the same; how differently two variants do on each of 4,000 changes the ratio
    by less than half a percent (10 to 25% a photograph, in the published study).
    """

    def last_gap(training: Evaluation) -> float | None:
        return training.summary.gap.ratio["last"] if training.summary.gap else None

    return lambda study: ratio_of_trainings(study, one, other, last_gap)


def training_mse_after_best(variant: str) -> Measure:
    """MSE on training photographs of the last weights over that of the best, in inference mode."""

    def after_best(training: Evaluation) -> float | None:
        if training.summary.gap is None:
            return None
        mse = training.summary.gap.mse_ab["train"]
        return mse["last"] / mse["best"]

    return lambda study: mean_of_trainings(study.trainings_of(variant), after_best)


def chroma_by_uncertainty(variant: str) -> Measure:
    """Chroma over the photographs', of the most uncertain third of pixels less the most certain.

    The pixels are those of the 16x16 that are kept of all photographs. Their uncertainty is the
    entropy that a classification network of the study gives them, mean over its seeds.
    """

    def measure(study: Experiments) -> Estimate | None:
        entropy = uncertainty(study)
        predictions = [training.predictions for training in study.trainings_of(variant)]
        defined = [one for one in predictions if one is not None]
        if entropy is None or study.truth is None or len(defined) < len(predictions):
            return None
        low, high = np.quantile(entropy, [1 / 3, 2 / 3])
        true = _chroma(study.truth)
        tables = []
        for third in (entropy > high, entropy <= low):
            tables += [
                np.array([_sums(_chroma(one.ab), third) for one in defined]),
                np.array([_sums(true, third)] * len(defined)),
            ]
        return function_of_means(tables, lambda a, b, c, d: a / b - c / d)

    return measure


def uncertainty(study: Experiments) -> np.ndarray | None:
    """The mean entropy by the seeds of the first classification network, (I, 16, 16) float64, bits.

    None if the study has none.
    """
    for variant in study.variants:
        predictions = [training.predictions for training in study.trainings_of(variant)]
        entropies = [one.entropy for one in predictions if one and one.entropy is not None]
        if entropies:
            return np.stack(entropies).mean(axis=0, dtype=np.float64)
    return None


def _chroma(ab: np.ndarray) -> np.ndarray:
    return np.hypot(*np.moveaxis(ab.astype(np.float64), -1, 0))


def _sums(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Sum over the pixels of each image, (I,)."""
    return np.sum(values * where, axis=(1, 2))


def slope_over_data(network: str) -> Measure:
    """Change of the log test MSE of a network with each doubling of the training photographs."""

    def measure(study: Experiments) -> Estimate | None:
        lines = by_fraction(study, network)
        doublings = np.log2([*lines])
        deviations = doublings - doublings.mean() if lines else doublings
        if not deviations.any():
            return None
        weights = deviations / np.sum(deviations**2)
        return combination(
            study,
            dict(zip(lines.values(), weights.tolist(), strict=True)),
            [f"{MODEL}_mse_ab"],
            np.log,
        )

    return measure


def by_fraction(study: Experiments, network: str) -> dict[float, str]:
    """The variants of a network that differ in nothing but `train.fraction`, by that, ascending.

    Of several such series, that with the most fractions.
    """
    series: dict[str, dict[float, str]] = {}
    for name in study.variants:
        line = study.lines.get(name)
        if line and line.network == network:
            settings = {key: value for key, value in line.train.items() if key != "fraction"}
            alike = series.setdefault(str(line.model_copy(update={"train": settings})), {})
            alike.setdefault(study.trainings_of(name)[0].training.train.fraction, name)
    longest = max(series.values(), key=len, default={})
    return dict(sorted(longest.items()))
