"""Estimates of measured quantities, with confidence intervals over seeds and images.

All trainings are scored on the same test images. A variant's trainings differ by their seed, and
one variant's seeds are treated as independent of another's. So images are crossed with variants and
seeds, and seeds are nested in variants: with `v` for variants, `s` for seeds and `i` for images,

    score[v, s, i] = mean[v] + seed[v, s] + image[i] + image_of_variant[v, i] + residual[v, s, i],

where all but the mean of a variant are random. An interval must hold for other seeds and for other
images, so it contains the variance of both (Clark 1973; Brennan 2001, section 3.2; Westfall, Kenny
and Judd 2014, where seeds are participants and images stimuli). `linear_combination` estimates it
from mean squares. In a difference of variants what images have in common cancels, while the
variances of the seeds add, as in Welch's test (1947). The interval is Student's, with
Satterthwaite's degrees of freedom (1946); if the seeds dominate, it has only as many as the seeds
allow. A bootstrap of three seeds has only ten distinct samples, and its intervals are too narrow.

References
----------
Clark, H. H. (1973). The language-as-fixed-effect fallacy. J. Verbal Learn. Verbal Behav. 12.
Brennan, R. L. (2001). Generalizability Theory. Springer.
Westfall, J., Kenny, D. A., Judd, C. M. (2014). Statistical power and optimal design in experiments
in which samples of participants respond to samples of stimuli. J. Exp. Psychol. Gen. 143.
Welch, B. L. (1947). The generalization of "Student's" problem when several different population
variances are involved. Biometrika 34.
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

LEVEL = 0.05  # a smaller p-value is significant
# Satterthwaite's degrees of freedom are too many by chance if they rest on few seeds.
FEW_SEEDS, LEVEL_OF_FEW_SEEDS = 4, 0.03

Statistic = Callable[..., float | np.floating]


def level(seeds: int) -> float:
    """The p-value below which a result is significant, given the fewest seeds of a variant."""
    return LEVEL if seeds >= FEW_SEEDS else LEVEL_OF_FEW_SEEDS


@dataclass(frozen=True)
class Estimate:
    """An estimate and its confidence interval.

    Attributes
    ----------
    value : float
    low, high : float or None
        None without an interval.
    se : float or None
        Standard error; that of the logarithm if `is_ratio`.
    df : float or None
        Degrees of freedom.
    is_ratio : bool
        Whether the value is a ratio that was estimated by its logarithm.
    seeds : int
        Number of trainings of each variant; the fewest if they differ.
    images : int
        Number of images; 1 for a quantity of whole trainings.
    from_seeds : float or None
        The share of the variance that is between seeds. More images do not reduce it.
    """

    value: float
    low: float | None = None
    high: float | None = None
    se: float | None = None
    df: float | None = None
    is_ratio: bool = False
    seeds: int = 1
    images: int = 1
    from_seeds: float | None = None

    @property
    def level(self) -> float:
        """The p-value below which the difference from a bound is significant."""
        return level(self.seeds)

    def p_value(self, bound: float) -> float | None:
        """Two-sided p-value of the hypothesis that the true value equals `bound`."""
        if self.se is None or self.df is None:
            return None
        difference = math.log(self.value / bound) if self.is_ratio else self.value - bound
        if not self.se:
            return float(difference == 0)
        return float(2 * stats.t.sf(abs(difference) / self.se, self.df))

    @property
    def is_above_zero(self) -> bool:
        """Whether the value is significantly above 0, without correction."""
        return self.value > 0 and is_significant(self, self.p_value(0))

    def detectable(self) -> float | None:
        """The true distance from a bound that is significant, by `level`, with 80% probability.

        Returns
        -------
        float or None
            A difference; a factor above 1 if `is_ratio`. None without an interval.
        """
        if not self.se or self.df is None:
            return None
        df = self.df
        critical = float(stats.t.isf(self.level / 2, df))

        def missing(noncentrality: float) -> float:
            return float(stats.nct.sf(critical, df, noncentrality)) - POWER

        distance = self.se * float(optimize.brentq(missing, 0, 20 * critical))
        return math.exp(distance) if self.is_ratio else distance

    def exp(self) -> "Estimate":
        """Convert the estimate of a logarithm to that of the ratio."""
        low, high = (None if end is None else math.exp(end) for end in (self.low, self.high))
        return replace(self, value=math.exp(self.value), low=low, high=high, is_ratio=True)

    def negated(self) -> "Estimate":
        """The estimate of the opposite difference."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        return replace(self, value=-self.value, low=low, high=high)

    def without_interval(self) -> "Estimate":
        """The value alone."""
        return Estimate(self.value, is_ratio=self.is_ratio, seeds=self.seeds, images=self.images)


def t_interval(value: float, se: float, df: float) -> Estimate:
    """An estimate with Student's interval."""
    half_width = float(stats.t.isf((1 - CONFIDENCE) / 2, df)) * se
    return Estimate(value, value - half_width, value + half_width, se, df)


def mean_over_seeds(values: Sequence[float]) -> Estimate:
    """Mean over trainings that differ by their seed."""
    return linear_combination([np.reshape(values, (-1, 1))], [1])


def linear_combination(tables: Sequence[np.ndarray], weights: Sequence[float]) -> Estimate:
    """Weighted sum of the means of independent trainings, such as the difference of two variants.

    Parameters
    ----------
    tables : sequence of (S, I) float arrays
        For each variant, a row per seed and a column per image. Seeds are independent, and their
        number may differ; the images are the same for all. I = 1 for quantities without images.
    weights : sequence of float
        A weight for each variant, such as 1 and -1.

    Returns
    -------
    Estimate
        The interval is over images, unless I = 1, and over the seeds of the variants with several.
        None of both: no interval.

    Notes
    -----
    With weights `w` and, of each variant's table, the mean squares between seeds `A` and of the
    residuals `R`, whose expectations are `I var(seed) + var(residual)` and `var(residual)`, an
    unbiased estimate of the variance is

        D / I + sum over variants of w^2 (A - R) / (S I),

    where `D` is the variance over images of the weighted sum of the seeds' means. In expectation it
    is at least its first term, and at least the sum of `w^2 A / (S I)`; a smaller value is due to
    chance, and is not used.
    """
    value = float(sum(w * table.mean() for w, table in zip(weights, tables, strict=True)))
    images, seeds = tables[0].shape[1], min(len(table) for table in tables)
    of_images, of_seeds, of_residuals = [], [], []  # terms of the variance, with their df
    if images > 1:
        means = sum(w * table.mean(axis=0) for w, table in zip(weights, tables, strict=True))
        of_images.append((float(np.var(means, ddof=1)) / images, images - 1))
    for w, table in zip(weights, tables, strict=True):
        if len(table) > 1:
            between, residual, df = _mean_squares(table)
            of_seeds.append((w**2 * between / table.size, df))
            if images > 1:
                of_residuals.append((w**2 * residual / table.size, df * (images - 1)))
    terms = [*of_images, *of_seeds, *of_residuals]
    if not terms:
        return Estimate(value, seeds=seeds, images=images)
    image, seed, residual = (
        sum(term for term, _ in kind) for kind in (of_images, of_seeds, of_residuals)
    )
    variance = max(image + seed - residual, image, seed)
    least = float(min(term_df for _, term_df in terms))
    satterthwaite, from_seeds = least, None
    if variance:
        # Likewise, Satterthwaite's formula is below the least df of a term only by chance.
        squares = sum(term**2 / term_df for term, term_df in terms)
        satterthwaite = max(variance**2 / squares, least)
        from_seeds = max(seed - residual, 0.0) / variance
    interval = t_interval(value, math.sqrt(variance), satterthwaite)
    return replace(interval, seeds=seeds, images=images, from_seeds=from_seeds)


def _mean_squares(table: np.ndarray) -> tuple[float, float, int]:
    """Mean squares of an (S, I) table between seeds and of the residuals, and S - 1."""
    seeds, images = table.shape
    seed_means = table.mean(axis=1, keepdims=True)
    between = images * float(np.var(seed_means, ddof=1))
    residuals = table - seed_means - table.mean(axis=0) + table.mean()
    df = seeds - 1
    return between, float(np.sum(residuals**2)) / (df * max(images - 1, 1)), df


def function_of_means(tables: Sequence[np.ndarray], statistic: Statistic) -> Estimate | None:
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
    return combined_functions([tables], statistic, [1])


def combined_functions(
    tables: Sequence[Sequence[np.ndarray]], statistic: Statistic, weights: Sequence[float]
) -> Estimate | None:
    """Weighted sum over variants of a function of means; see `linear_combination`.

    Parameters
    ----------
    tables : sequence of sequences of (S, I) float arrays
        For each variant, a table for each quantity. The images are the same for all.
    statistic : callable
        A smooth function of the means of a variant's quantities.
    weights : sequence of float
        A weight for each variant.

    Returns
    -------
    Estimate or None
        None if the statistic is not finite for a variant.
    """
    linear = [linearized(quantities, statistic) for quantities in tables]
    defined = [table for table in linear if table is not None]
    return linear_combination(defined, weights) if len(defined) == len(linear) else None


def linearized(tables: Sequence[np.ndarray], statistic: Statistic) -> np.ndarray | None:
    """A function of means as a mean itself: the first-order change by each seed and image.

    Returns
    -------
    (S, I) float array or None
        Its mean is the statistic; its variance is that of the statistic by the delta method. None
        if the statistic or a slope is not finite.
    """
    means = np.array([table.mean() for table in tables])
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(*means))
        slopes = _slopes(statistic, means)
    if not np.isfinite([value, *slopes]).all():
        return None
    changes = [
        slope * (table - mean) for slope, table, mean in zip(slopes, tables, means, strict=True)
    ]
    return value + np.sum(changes, axis=0)


def _slopes(statistic: Statistic, means: np.ndarray) -> np.ndarray:
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


def is_significant(estimate: Estimate | None, p_value: float | None) -> bool:
    """Whether a p-value, which may be corrected, is below the level for the estimate's seeds."""
    return estimate is not None and p_value is not None and p_value < estimate.level


def format_p_value(p_value: float) -> str:
    """Format a p-value with its relation."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3g}"


def with_interval(estimate: Estimate | None, digits: int, *, sign: str = "", unit: str = "") -> str:
    """Format an estimate and its interval, such as "1.20 (0.90 to 1.50)".

    Parameters
    ----------
    estimate : Estimate or None
    digits : int
        After the decimal point. An interval that rounds to the value is left out.
    sign : str
        Python's: "+" for one on positive numbers, too.
    unit : str
        Written after the value, such as "%".
    """
    if estimate is None:
        return "undefined"
    value, *interval = [
        f"{number:{sign}z.{digits}f}"  # z: no negative zero
        for number in (estimate.value, estimate.low, estimate.high)
        if number is not None
    ]
    return f"{value}{unit}" + (f" ({' to '.join(interval)})" if {*interval} - {value} else "")
