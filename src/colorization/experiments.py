"""All trainings of the study, and how to estimate something of them with its uncertainty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from colorization.evaluations import Evaluation

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
    one: Sequence[Evaluation], other: Sequence[Evaluation], quantity: Callable[[Evaluation], float]
) -> Estimate:
    """How much more of a quantity the first trainings have, compared seed by seed."""
    return over_seeds([quantity(a) - quantity(b) for a, b in zip(one, other, strict=True)])


def times(
    one: Sequence[Evaluation], other: Sequence[Evaluation], quantity: Callable[[Evaluation], float]
) -> Estimate:
    """How many times as much of a positive quantity the first trainings have: a geometric mean."""
    logarithm = between(one, other, lambda evaluation: float(np.log(quantity(evaluation))))
    mean = float(np.exp(logarithm.value))
    if logarithm.low is None or logarithm.high is None:
        return Estimate(mean)
    return Estimate(mean, float(np.exp(logarithm.low)), float(np.exp(logarithm.high)))


def of_curves(
    trainings: Sequence[Evaluation], quantity: Callable[[pd.DataFrame], float]
) -> Estimate:
    """Something of each training's own history; of a single training it is what it is."""
    estimate = over_seeds([quantity(training.history) for training in trainings])
    if len(trainings) == 1:
        return Estimate(estimate.value, estimate.value, estimate.value)
    return estimate


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
        None where no image has these values.
    """
    samples = [
        tuple(training.rows[[*columns]].dropna().to_numpy(float).T) for training in trainings
    ]
    if not samples[0][0].size:
        return None
    values = [float(statistic(*sample, axis=-1)) for sample in samples]
    if len(trainings) > 1 or samples[0][0].size < 2:
        return over_seeds(values)
    interval = stats.bootstrap(
        samples[0],
        statistic,
        n_resamples=RESAMPLES,
        paired=True,
        vectorized=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    return Estimate(values[0], float(interval.low), float(interval.high))
