"""Estimates of what was measured, with intervals over seeds and images.

Trainings of one variant differ by their seed, and all of them are scored on the same test images:
seeds and images are crossed. Both vary, so an interval must hold for other seeds and for other
images. The variance of a mean is therefore that of a linear model with two crossed random effects,
from its mean squares (Clark 1973; Brennan 2001, section 3.2), and the interval is Student's, with
the degrees of freedom that Satterthwaite gives. A bootstrap of three seeds knows ten samples of
them and gives intervals that are too narrow; this one widens as t with two degrees of freedom does
where the seeds decide.

References
----------
Clark, H. H. (1973). The language-as-fixed-effect fallacy. J. Verbal Learn. Verbal Behav. 12.
Brennan, R. L. (2001). Generalizability Theory. Springer.
Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components.
Biometrics Bulletin 2.
Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Stat. 6.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

CONFIDENCE = 0.95
POWER = 0.8


@dataclass(frozen=True)
class Estimate:
    """A mean with its confidence interval.

    Attributes
    ----------
    value : float
    low, high : float or None
        None where one training or image cannot give an interval.
    error : float or None
        The standard error; of the logarithm where `factor`.
    freedom : float or None
        Degrees of freedom of the error.
    factor : bool
        Whether it is a ratio, whose logarithm was estimated.
    """

    value: float
    low: float | None = None
    high: float | None = None
    error: float | None = None
    freedom: float | None = None
    factor: bool = False

    def chance(self, bound: float) -> float | None:
        """Give the two-sided p-value of the hypothesis that the true value is a bound."""
        if self.error is None or self.freedom is None:
            return None
        distance = self.value - bound
        if self.factor:
            distance = math.log(self.value / bound)
        if not self.error:
            return float(distance == 0)
        return float(2 * stats.t.sf(abs(distance) / self.error, self.freedom))

    def detectable(self) -> float | None:
        """Give the true difference that is found with a probability of `POWER`."""
        if not self.error or self.freedom is None or self.factor:
            return None
        freedom = self.freedom
        found_beyond = stats.t.isf((1 - CONFIDENCE) / 2, freedom)

        def missing(in_errors: float) -> float:
            return float(stats.nct.sf(found_beyond, freedom, in_errors)) - POWER

        return self.error * float(optimize.brentq(missing, 0, 20 * found_beyond))

    def exponential(self) -> "Estimate":
        """Of an estimated logarithm, the factor."""
        low, high = (None if end is None else math.exp(end) for end in (self.low, self.high))
        return Estimate(math.exp(self.value), low, high, self.error, self.freedom, factor=True)


def students(value: float, error: float, freedom: float) -> Estimate:
    """Give an estimate with Student's interval."""
    reach = float(stats.t.isf((1 - CONFIDENCE) / 2, freedom)) * error
    return Estimate(value, value - reach, value + reach, error, freedom)


def over_seeds(values: Sequence[float]) -> Estimate:
    """Estimate a mean over trainings that differ by their seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    return students(mean, float(stats.sem(values)), len(values) - 1)


def over_images(values: np.ndarray) -> Estimate:
    """Estimate a mean over images, and over seeds where there are several.

    Parameters
    ----------
    values : (S, I) float array
        Of each seed and image; every seed has seen the same images.

    Returns
    -------
    Estimate
        For other images, and where S > 1 for other seeds; without an interval where I = 1.
    """
    seeds, images = values.shape
    mean = float(values.mean())
    if images < 2:
        return over_seeds(values[:, 0].tolist())
    of_seeds, of_images = values.mean(axis=1), values.mean(axis=0)
    if seeds < 2:
        return students(mean, float(stats.sem(of_images)), images - 1)
    rest = values - of_seeds[:, None] - of_images + mean
    freedoms = np.array([seeds - 1, images - 1, (seeds - 1) * (images - 1)])
    squares = np.array(
        [
            images * np.sum((of_seeds - mean) ** 2),
            seeds * np.sum((of_images - mean) ** 2),
            np.sum(rest**2),
        ]
    )
    between_seeds, between_images, within = mean_squares = squares / freedoms
    # Expected is more than either; an estimate that is less is one of chance.
    variance = max(between_seeds + between_images - within, between_seeds, between_images)
    if not variance:
        return students(mean, 0.0, seeds - 1)
    freedom = variance**2 / np.sum(mean_squares**2 / freedoms)
    return students(mean, float(np.sqrt(variance / values.size)), float(freedom))


def of_means(
    tables: Sequence[np.ndarray], statistic: Callable[..., float | np.floating]
) -> Estimate | None:
    """Estimate something of the means of several quantities, such as their ratio.

    Parameters
    ----------
    tables : sequence of (S, I) float arrays
        Of each seed and image, a table for each quantity.
    statistic : callable
        Takes as many means; a smooth function.

    Returns
    -------
    Estimate or None
        By the statistic's linear part about the means (the delta method). None where it has no
        finite value, such as a ratio to zero.
    """
    means = np.array([table.mean() for table in tables])
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(*means))
        slopes = _slopes(statistic, means)
    if not np.isfinite([value, *slopes]).all():
        return None
    pairs = zip(slopes, tables, means, strict=True)
    influence = sum(slope * (table - mean) for slope, table, mean in pairs)
    found = over_images(value + influence)
    return Estimate(value, found.low, found.high, found.error, found.freedom)


def _slopes(statistic: Callable[..., float | np.floating], means: np.ndarray) -> np.ndarray:
    """How a statistic changes with each mean, by central differences."""
    steps = np.diag(1e-6 * np.maximum(np.abs(means), 1e-6))
    return np.array(
        [
            (statistic(*(means + step)) - statistic(*(means - step))) / (2 * step.sum())
            for step in steps
        ]
    )


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for there being several of them, by Holm's method; None stays None."""
    known = np.array([chance for chance in chances if chance is not None])
    order = np.argsort(known)
    corrected = np.empty(len(known))
    factors = len(known) - np.arange(len(known))
    corrected[order] = np.minimum(1, np.maximum.accumulate(known[order] * factors))
    following = iter(corrected.tolist())
    return [None if chance is None else next(following) for chance in chances]
