"""What the rules of the claims measure: each function returns a measure of a study's trainings.

A measure maps `Experiments` to an `Estimate`, or to None if the trainings lack it.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from colorization.labels.subsets import OBJECTS_ONLY
from colorization.scoring.gap import TEST, TRAINING, WEIGHTS
from colorization.scoring.metrics import metric
from colorization.scoring.summary import CONSTANT, ERROR_REMOVED, MODEL
from colorization.study.estimates import Estimate, function_of_means
from colorization.study.experiments import (
    Experiments,
    Trainings,
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
    """Error removed by a variant minus that of another, points."""
    return interaction({one: 1, other: -1})


def interaction(weights: dict[str, float]) -> Measure:
    """Weighted sum of the error that variants remove, points."""
    return lambda study: combination(study, weights, REMOVED.columns(MODEL), REMOVED.of_means)


def lead_over_objects(variant: str, subset: str) -> Measure:
    """Error removed by a variant on a subset minus that on objects only, points.

    The subset must have no photograph of objects only.
    """

    def measure(study: Experiments) -> Estimate | None:
        if not study.subsets:
            return study.label_scores.lead_over_objects(variant, subset)
        trainings = study.trainings_of(variant)
        every = [table_of(trainings, column) for column in REMOVED.columns(MODEL)]
        kinds = [study.inside(kind) for kind in (subset, OBJECTS_ONLY)]
        # No photograph is of both kinds. Where it is of one, it is 0 in the tables of the other, so
        # that a ratio of means is that of the photographs of a kind.
        either = kinds[0] | kinds[1]
        tables = [(table * kind)[:, either] for kind in kinds for table in every]
        return function_of_means(tables, _difference_of_errors_removed) if either.any() else None

    return measure


def lead_of_regions(variant: str, one: str, other: str) -> Measure:
    """Error removed by a variant in regions minus that in others, points."""
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
    """Largest increase of the training MSE from one epoch to the next, percent."""
    return 100 * history["train_mse"].pct_change().max()


def gap(variant: str) -> Measure:
    """Test over training MSE of a variant's last weights, over seeds and photographs."""

    def measure(study: Experiments) -> Estimate | None:
        trainings = _on_gap_rows(study, variant).trainings_of(variant)
        logarithm = function_of_columns(trainings, _GAP_COLUMNS, _log_gap) if trainings else None
        return logarithm and logarithm.exp()

    return measure


def gap_ratio(one: str, other: str) -> Measure:
    """`gap` of a variant over that of another; the photographs of both are the same."""

    def measure(study: Experiments) -> Estimate | None:
        on_gap_rows = _on_gap_rows(study, one, other)
        logarithm = combination(on_gap_rows, {one: 1, other: -1}, _GAP_COLUMNS, _log_gap)
        return logarithm and logarithm.exp()

    return measure


def training_mse_after_best(variant: str) -> Measure:
    """MSE on training photographs of the last weights over that of the best, in inference mode."""

    def measure(study: Experiments) -> Estimate | None:
        trainings = _on_gap_rows(study, variant).trainings_of(variant)
        if not trainings:
            return None
        columns = [f"{TRAINING}_mse_ab_{weights}" for weights in ("last", "best")]
        training = trainings[0].rows[TRAINING].to_numpy(bool)
        logarithm = function_of_columns(trainings, columns, _log_ratio, training)
        return logarithm and logarithm.exp()

    return measure


_GAP_COLUMNS = [f"{TEST}_mse_ab_last", TEST, f"{TRAINING}_mse_ab_last", TRAINING]


def _log_gap(test_mse: float, test: float, training_mse: float, training: float) -> float:
    return _log_ratio(test_mse / test, training_mse / training)


def _log_ratio(numerator: float, denominator: float) -> float:
    return float(np.log(numerator / denominator))


def _on_gap_rows(study: Experiments, *variants: str) -> Experiments:
    """The trainings of some variants, with the photographs of the gap as their rows.

    Each split has a column that is 1 on its photographs, and columns of their errors, all 0 on the
    other split: a ratio of means is then the mean over the split, and the splits are independent.
    No trainings if these rows are not of the same photographs.
    """
    chosen = {key: made for key, made in study.trainings.items() if key[0] in variants}
    photographs = [made.gap_rows[["split", "name"]] for made in chosen.values()]
    if not all(one.equals(other) for one, other in pairwise(photographs)):
        chosen = {}
    return replace(
        study,
        trainings={
            key: replace(made, rows=_by_split(made.gap_rows)) for key, made in chosen.items()
        },
    )


def _by_split(rows: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for split in (TRAINING, TEST):
        columns[split] = (rows["split"] == split).astype(float)
        for weights in WEIGHTS:
            columns[f"{split}_mse_ab_{weights}"] = rows[f"mse_ab_{weights}"] * columns[split]
    return pd.DataFrame(columns)


def chroma_by_uncertainty(variant: str) -> Measure:
    """Chroma over the photographs', of the most uncertain third of pixels minus the most certain.

    The pixels are those of the 16x16 that are kept of all photographs. Their uncertainty is the
    mean entropy by the seeds of `uncertain_network`; it counts as fixed.
    """
    return _by_uncertainty(variant, own=1, constant=0)


def constant_chroma_by_uncertainty(variant: str) -> Measure:
    """`chroma_by_uncertainty` of a constant color that has the variant's mean chroma.

    Where photographs have more chroma, that of a constant color is a smaller share of it.
    """
    return _by_uncertainty(variant, own=0, constant=1)


def chroma_by_uncertainty_over_constant(variant: str) -> Measure:
    """`chroma_by_uncertainty` minus `constant_chroma_by_uncertainty`."""
    return _by_uncertainty(variant, own=1, constant=-1)


def _by_uncertainty(variant: str, *, own: float, constant: float) -> Measure:
    """A weighted sum of `chroma_by_uncertainty` and `constant_chroma_by_uncertainty`."""

    def statistic(mean: float, *thirds: float) -> float:
        uncertain, certain = (
            (own * predicted + constant * mean * pixels) / true
            for predicted, true, pixels in (thirds[:3], thirds[3:])
        )
        return uncertain - certain

    def measure(study: Experiments) -> Estimate | None:
        name = uncertain_network(study)
        predictions = [training.predictions for training in study.trainings_of(variant)]
        chroma = [_chroma(one.ab) for one in predictions if one is not None]
        if name is None or study.truth is None or not len(study.truth):
            return None
        if not chroma or len(chroma) < len(predictions):
            return None
        entropy = np.stack(_entropies(study.trainings_of(name))).mean(axis=0, dtype=np.float64)
        low, high = np.quantile(entropy, [1 / 3, 2 / 3])
        true = _chroma(study.truth)
        tables = [np.array([of_seed.mean(axis=(1, 2)) for of_seed in chroma])]
        for third in (entropy > high, entropy <= low):
            tables += [
                np.array([_sums(of_seed, third) for of_seed in chroma]),
                np.array([_sums(true, third)] * len(chroma)),
                np.array([third.sum(axis=(1, 2), dtype=np.float64)] * len(chroma)),
            ]
        return function_of_means(tables, statistic)

    return measure


def uncertain_network(study: Experiments) -> str | None:
    """The first classification network in the order of the variants that has ImageNet weights.

    None if the study has none.
    """
    for variant in study.variants:
        trainings = study.trainings_of(variant)
        random = any(training.training.random_network for training in trainings)
        if not random and _entropies(trainings):
            return variant
    return None


def _entropies(trainings: Trainings) -> list[np.ndarray]:
    predictions = [training.predictions for training in trainings]
    return [one.entropy for one in predictions if one and one.entropy is not None]


def _chroma(ab: np.ndarray) -> np.ndarray:
    return np.hypot(*np.moveaxis(ab.astype(np.float64), -1, 0))


def _sums(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Sum over the pixels of each image, (I,)."""
    return np.sum(values * where, axis=(1, 2))


def slope_over_data(network: str) -> Measure:
    """Factor of a network's test MSE with each doubling of the training photographs.

    The slope of its logarithm is that of least squares. With a quarter, half and all of the data
    the weights are -1/2, 0 and 1/2: those in the middle have no influence.
    """

    def measure(study: Experiments) -> Estimate | None:
        lines = by_fraction(study, network)
        doublings = np.log2([*lines])
        deviations = doublings - doublings.mean() if lines else doublings
        if not deviations.any():
            return None
        weights = deviations / np.sum(deviations**2)
        return _combined_mse(study, dict(zip(lines.values(), weights.tolist(), strict=True)))

    return measure


def mse_over_that_with_less_data(network: str, fraction: float, less: float) -> Measure:
    """Test MSE of a network trained on a fraction of the photographs, over that with less."""

    def measure(study: Experiments) -> Estimate | None:
        lines = by_fraction(study, network)
        if not {fraction, less} <= set(lines):
            return None
        return _combined_mse(study, {lines[fraction]: 1, lines[less]: -1})

    return measure


def _combined_mse(study: Experiments, weights: dict[str, float]) -> Estimate | None:
    """Product of the variants' test MSE, to the power of their weights."""
    logarithm = combination(study, weights, [f"{MODEL}_mse_ab"], np.log)
    return logarithm and logarithm.exp()


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
