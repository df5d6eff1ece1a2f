"""All trainings of the study, and how to estimate something of them with its uncertainty."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from colorization.scoring.evaluation import Evaluation, read_evaluation
from colorization.settings.study import Study

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
        By variant and seed, in the study's order.
    source : str
        `download.source`.
    """

    trainings: dict[tuple[str, int], Evaluation]
    source: str

    @property
    def variants(self) -> list[str]:
        """In the study's order."""
        return list(dict.fromkeys(variant for variant, _ in self.trainings))

    @property
    def several_seeds(self) -> bool:
        """Whether any variant was trained more than once."""
        return len({seed for _, seed in self.trainings}) > 1

    def of(self, variant: str) -> list[Evaluation]:
        """The trainings of one variant, in the order of the seeds."""
        return [found for (name, _), found in self.trainings.items() if name == variant]

    def by_name(self) -> dict[str, Evaluation]:
        """Every training by its variant's name, with its seed where there are several."""
        return {
            f"{variant} ({seed})" if self.several_seeds else variant: found
            for (variant, seed), found in self.trainings.items()
        }

    def on_all_images(self) -> dict[str, Evaluation]:
        """Those of `by_name` that were trained on all training images."""
        return {name: found for name, found in self.by_name().items() if found.training.one_in == 1}


def read_experiments(study: Study, source: str, evaluations: Path) -> Experiments:
    """Read every evaluation of a study.

    Parameters
    ----------
    study : Study
    source : str
        `download.source`.
    evaluations : Path
        The folder with what the stage `evaluate` wrote of each training.
    """
    trainings = {
        (variant, seed): read_evaluation(evaluations / f"{variant}-{seed}")
        for variant, seed in study.trainings()
    }
    return Experiments(trainings, source)


def over_seeds(values: Sequence[float]) -> Estimate:
    """Mean over trainings that differ by their seed, and Student's interval."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    error = float(stats.sem(values))
    if not error:  # equal values, of which SciPy's interval is not defined
        return Estimate(mean, mean, mean)
    low, high = stats.t.interval(CONFIDENCE, len(values) - 1, loc=mean, scale=error)
    return Estimate(mean, float(low), float(high))


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
