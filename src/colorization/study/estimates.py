"""Estimates of measured quantities, with intervals over seeds and images.

Trainings of one variant differ by their seed, and all of them are scored on the same test images:
seeds and images are crossed. Both vary, so an interval must hold for other seeds and for other
images. The variance of a mean is therefore that of a linear model with two crossed random effects,
from its mean squares (Clark 1973; Brennan 2001, section 3.2). The interval is Student's, with
Satterthwaite's degrees of freedom. A bootstrap of three seeds has only ten distinct samples and
gives intervals that are too narrow. Where the seeds dominate, this interval is as wide as t with
two degrees of freedom.

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
        None where there is a single training or image, which gives no interval.
    error : float or None
        The standard error; that of the logarithm if `factor`.
    freedom : float or None
        Degrees of freedom of the error.
    factor : bool
        Whether the value is a ratio, whose logarithm was estimated.
    """

    value: float
    low: float | None = None
    high: float | None = None
    error: float | None = None
    freedom: float | None = None
    factor: bool = False

    def chance(self, bound: float) -> float | None:
        """Give the two-sided p-value of the hypothesis that the true value equals a bound."""
        if self.error is None or self.freedom is None:
            return None
        distance = self.value - bound
        if self.factor:
            distance = math.log(self.value / bound)
        if not self.error:
            return float(distance == 0)
        return float(2 * stats.t.sf(abs(distance) / self.error, self.freedom))

    def detectable(self) -> float | None:
        """Give the true difference that such a comparison finds with a probability of `POWER`."""
        if not self.error or self.freedom is None or self.factor:
            return None
        freedom = self.freedom
        found_beyond = stats.t.isf((1 - CONFIDENCE) / 2, freedom)

        def missing(in_errors: float) -> float:
            return float(stats.nct.sf(found_beyond, freedom, in_errors)) - POWER

        return self.error * float(optimize.brentq(missing, 0, 20 * found_beyond))

    def exponential(self) -> "Estimate":
        """Turn the estimate of a logarithm into that of the factor."""
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
        A row per seed, a column per image; the images are the same for every seed.

    Returns
    -------
    Estimate
        The interval holds for other images and, where S > 1, for other seeds. Where I = 1, it is
        over seeds alone.
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
    # In expectation the sum is no less than either term; a smaller value is due to chance.
    variance = max(between_seeds + between_images - within, between_seeds, between_images)
    if not variance:
        return students(mean, 0.0, seeds - 1)
    # Satterthwaite's formula gives less than the fewest freedoms of a term only by chance, too.
    freedom = max(variance**2 / np.sum(mean_squares**2 / freedoms), freedoms.min())
    return students(mean, float(np.sqrt(variance / values.size)), float(freedom))


def of_means(
    tables: Sequence[np.ndarray], statistic: Callable[..., float | np.floating]
) -> Estimate | None:
    """Estimate a function of the means of several quantities, such as their ratio.

    Parameters
    ----------
    tables : sequence of (S, I) float arrays
        A table for each quantity: a row per seed, a column per image.
    statistic : callable
        A smooth function of as many means.

    Returns
    -------
    Estimate or None
        The error is that of the statistic's linear part about the means (the delta method). None
        where the statistic has no finite value, such as a ratio to zero.
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
    """Derivatives of a statistic by each mean, from central differences."""
    steps = np.diag(1e-6 * np.maximum(np.abs(means), 1e-6))
    return np.array(
        [
            (statistic(*(means + step)) - statistic(*(means - step))) / (2 * step.sum())
            for step in steps
        ]
    )


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """Correct several p-values for their number by Holm's method; None stays None."""
    known = np.array([chance for chance in chances if chance is not None])
    order = np.argsort(known)
    corrected = np.empty(len(known))
    factors = len(known) - np.arange(len(known))
    corrected[order] = np.minimum(1, np.maximum.accumulate(known[order] * factors))
    following = iter(corrected.tolist())
    return [None if chance is None else next(following) for chance in chances]
