"""Estimates of measured quantities, with confidence intervals over seeds and images.

Trainings of a variant differ by their seed, and all are scored on the same test images: seeds and
images are crossed, and an interval must hold for other seeds and for other images. The variance of
a mean is therefore that of a linear model with two crossed random effects, computed from its mean
squares (Clark 1973; Brennan 2001, section 3.2). The interval is Student's, with Satterthwaite's
degrees of freedom; if the seeds dominate, it has only as many as the seeds allow. A bootstrap of
three seeds has only ten distinct samples, and its intervals are too narrow.

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
from dataclasses import dataclass, replace

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
        None with a single training or image.
    se : float or None
        Standard error; that of the logarithm if `is_ratio`.
    df : float or None
        Degrees of freedom.
    is_ratio : bool
        Whether the value is a ratio that was estimated by its logarithm.
    """

    value: float
    low: float | None = None
    high: float | None = None
    se: float | None = None
    df: float | None = None
    is_ratio: bool = False

    def p_value(self, bound: float) -> float | None:
        """Two-sided p-value of the hypothesis that the true value equals `bound`."""
        if self.se is None or self.df is None:
            return None
        difference = math.log(self.value / bound) if self.is_ratio else self.value - bound
        if not self.se:
            return float(difference == 0)
        return float(2 * stats.t.sf(abs(difference) / self.se, self.df))

    def detectable(self) -> float | None:
        """The true difference that such a comparison detects with a probability of `POWER`."""
        if not self.se or self.df is None or self.is_ratio:
            return None
        df = self.df
        critical = stats.t.isf((1 - CONFIDENCE) / 2, df)

        def missing(noncentrality: float) -> float:
            return float(stats.nct.sf(critical, df, noncentrality)) - POWER

        return self.se * float(optimize.brentq(missing, 0, 20 * critical))

    def exp(self) -> "Estimate":
        """Convert the estimate of a logarithm to that of the ratio."""
        low, high = (None if end is None else math.exp(end) for end in (self.low, self.high))
        return Estimate(math.exp(self.value), low, high, self.se, self.df, is_ratio=True)


def t_interval(value: float, se: float, df: float) -> Estimate:
    """An estimate with Student's interval."""
    half_width = float(stats.t.isf((1 - CONFIDENCE) / 2, df)) * se
    return Estimate(value, value - half_width, value + half_width, se, df)


def mean_over_seeds(values: Sequence[float]) -> Estimate:
    """Mean over trainings that differ by their seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    return t_interval(mean, float(stats.sem(values)), len(values) - 1)


def mean_over_images(values: np.ndarray) -> Estimate:
    """Mean over images, and over seeds if there are several.

    Parameters
    ----------
    values : (S, I) float array
        A row per seed, a column per image; the images are the same for every seed.

    Returns
    -------
    Estimate
        The interval is over images and, if S > 1, over seeds; over seeds alone if I = 1.
    """
    seeds, images = values.shape
    mean = float(values.mean())
    if images < 2:
        return mean_over_seeds(values[:, 0].tolist())
    seed_means, image_means = values.mean(axis=1), values.mean(axis=0)
    if seeds < 2:
        return t_interval(mean, float(stats.sem(image_means)), images - 1)
    residuals = values - seed_means[:, None] - image_means + mean
    dfs = np.array([seeds - 1, images - 1, (seeds - 1) * (images - 1)])
    squares = np.array(
        [
            images * np.sum((seed_means - mean) ** 2),
            seeds * np.sum((image_means - mean) ** 2),
            np.sum(residuals**2),
        ]
    )
    ms_seeds, ms_images, ms_residual = mean_squares = squares / dfs
    # In expectation the sum is at least either term; a smaller value is due to chance.
    variance = max(ms_seeds + ms_images - ms_residual, ms_seeds, ms_images)
    if not variance:
        return t_interval(mean, 0.0, seeds - 1)
    # Likewise, Satterthwaite's formula is below the least df of a term only by chance.
    df = max(variance**2 / np.sum(mean_squares**2 / dfs), dfs.min())
    return t_interval(mean, float(np.sqrt(variance / values.size)), float(df))


def function_of_means(
    tables: Sequence[np.ndarray], statistic: Callable[..., float | np.floating]
) -> Estimate | None:
    """Function of the means of several quantities, such as their ratio.

    Parameters
    ----------
    tables : sequence of (S, I) float arrays
        A table for each quantity: a row per seed, a column per image.
    statistic : callable
        A smooth function of as many means.

    Returns
    -------
    Estimate or None
        The standard error is that of the statistic linearized about the means (delta method). None
        if the statistic is not finite, such as a ratio to zero.
    """
    means = np.array([table.mean() for table in tables])
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(*means))
        slopes = _slopes(statistic, means)
    if not np.isfinite([value, *slopes]).all():
        return None
    pairs = zip(slopes, tables, means, strict=True)
    influence = sum(slope * (table - mean) for slope, table, mean in pairs)
    return replace(mean_over_images(value + influence), value=value)


def _slopes(statistic: Callable[..., float | np.floating], means: np.ndarray) -> np.ndarray:
    """Partial derivatives of a statistic, from central differences."""
    steps = np.diag(1e-6 * np.maximum(np.abs(means), 1e-6))
    return np.array(
        [
            (statistic(*(means + step)) - statistic(*(means - step))) / (2 * step.sum())
            for step in steps
        ]
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for multiple comparisons by Holm's method; None stays None."""
    defined = np.array([p for p in p_values if p is not None])
    order = np.argsort(defined)
    corrected = np.empty(len(defined))
    factors = len(defined) - np.arange(len(defined))
    corrected[order] = np.minimum(1, np.maximum.accumulate(defined[order] * factors))
    remaining = iter(corrected.tolist())
    return [None if p is None else next(remaining) for p in p_values]
