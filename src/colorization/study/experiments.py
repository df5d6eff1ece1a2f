"""All trainings of the study, and how to estimate something of them with its uncertainty."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from colorization.scoring.evaluation import Evaluation

Quantity = Callable[[Evaluation], float | None]

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean with its confidence interval; None where one training or image cannot give any."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Experiments:
    """The study.

    Attributes
    ----------
    trainings : dict of (str, int) to Evaluation
        By variant and seed.
    thinned : dict of (int, int) to Evaluation
        Of `params.THINNED` on one training image in so many, by that number and the seed.
    source : str
        `download.source`.
    """

    trainings: dict[tuple[str, int], Evaluation]
    thinned: dict[tuple[int, int], Evaluation]
    source: str

    @property
    def variants(self) -> list[str]:
        """In the study's order."""
        return list(dict.fromkeys(variant for variant, _ in self.trainings))

    def of(self, variant: str) -> list[Evaluation]:
        """The trainings of one variant, in the order of the seeds."""
        return [found for (name, _), found in self.trainings.items() if name == variant]

    def of_part(self, one_in: int) -> list[Evaluation]:
        """The trainings on one image in so many, in the order of the seeds."""
        return [found for (number, _), found in self.thinned.items() if number == one_in]


def over_seeds(values: Sequence[float]) -> Estimate:
    """Mean over trainings that differ by their seed, and Student's interval."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * stats.sem(values)
    return Estimate(mean, mean - float(reach), mean + float(reach))


def between(
    one: Sequence[Evaluation], other: Sequence[Evaluation], quantity: Quantity
) -> Estimate | None:
    """How much more of a quantity the first trainings have, compared seed by seed.

    None, as in the functions below, where a training does not have it.
    """
    ours, theirs = _known(one, quantity), _known(other, quantity)
    if ours is None or theirs is None:
        return None
    return over_seeds([a - b for a, b in zip(ours, theirs, strict=True)])


def times(
    one: Sequence[Evaluation], other: Sequence[Evaluation], quantity: Quantity
) -> Estimate | None:
    """How many times as much of a positive quantity the first trainings have: a geometric mean."""

    def logarithm(evaluation: Evaluation) -> float | None:
        value = quantity(evaluation)
        return math.log(value) if value else None

    found = between(one, other, logarithm)
    if found is None or found.low is None or found.high is None:
        return None if found is None else Estimate(math.exp(found.value))
    return Estimate(math.exp(found.value), math.exp(found.low), math.exp(found.high))


def of_curves(
    trainings: Sequence[Evaluation], quantity: Callable[[pd.DataFrame], float]
) -> Estimate | None:
    """Something of each training's own history; of a single training it is what it is."""
    values = _known(trainings, lambda training: quantity(training.history))
    if values is None:
        return None
    return over_seeds(values) if len(values) > 1 else Estimate(values[0], values[0], values[0])


def _known(trainings: Sequence[Evaluation], quantity: Quantity) -> list[float] | None:
    """A quantity of each training; None if one does not have it."""
    values = [quantity(training) for training in trainings]
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    return known if len(known) == len(values) else None


def of_images(
    trainings: Sequence[Evaluation], columns: Sequence[str], statistic: Callable[..., float]
) -> Estimate | None:
    """Something of the test images that have certain values.

    Parameters
    ----------
    trainings : sequence of Evaluation
        Of one variant. The interval is over them or, for a single one, over its test images, by
        the bootstrap.
    columns : sequence of str
        Of `Evaluation.rows`.
    statistic : callable
        Takes their values, and the axis that the images run along.

    Returns
    -------
    Estimate or None
        None where no image has these values, or they are all zero.
    """
    samples = [
        tuple(training.rows[[*columns]].dropna().to_numpy(float).T) for training in trainings
    ]
    if not samples[0][0].size:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):  # grey photographs have no colours
        values = [float(statistic(*sample, axis=-1)) for sample in samples]
        if not np.isfinite(values).all():
            return None
        if len(trainings) > 1 or samples[0][0].size < 2:
            return over_seeds(values)
        low, high = stats.bootstrap(
            samples[0],
            statistic,
            n_resamples=RESAMPLES,
            paired=True,
            vectorized=True,
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(1),
        ).confidence_interval
    if not np.isfinite([low, high]).all():
        return Estimate(values[0])
    return Estimate(values[0], float(low), float(high))
