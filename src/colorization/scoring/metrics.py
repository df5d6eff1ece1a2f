"""The metrics: one record each, which gives its tables, columns, keys and explanations.

To add a metric, write a record; no other code lists all metrics. Code that needs one metric names
it: the claims, the comparison with the trivial (PSNR), the best and worst images (CIEDE2000), the
curves (MSE).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from colorization.color import color_metrics, similarity
from colorization.scoring.reference import Colorized, mean_where

HIGHER, LOWER = "higher is better", "lower is better"
ALREADY_GRAY = "the paper's; higher is grayer"


@dataclass(frozen=True)
class Metric:
    """A measurement of each colorized test image, and how it is summarized and presented.

    Attributes
    ----------
    key : str
        Name of its column in CSVs and, where it is averaged, of its mean in JSON.
    measure : callable
        From a `Colorized` image to a number, or None where it is not defined.
    title : str or None
        Title of its column in tables; None if it has no column.
    good : str
        Which values are good, as the column's heading says.
    digits : int
        Number of digits after the decimal point.
    undefined : str
        The word for a value that is not defined.
    always : bool
        Whether every image has a value. If not, the images left out of the mean are counted.
    over : str or None
        The name of a fact of the photographs. The summary then is a ratio instead of a mean: the
        metric's sum over the images, divided by the sum of this fact.
    summary_key : str or None
        The ratio's key in JSON; None for a mean.
    explained : str
        What readers of its column must know, in plain text.
    """

    key: str
    measure: Callable[[Colorized], float | None]
    title: str | None = None
    good: str = ""
    digits: int = 2
    undefined: str = "undefined"
    always: bool = True
    over: str | None = None
    summary_key: str | None = None
    explained: str = ""

    @property
    def told_as(self) -> str:
        """The key of its summary in JSON."""
        return self.summary_key or self.key

    @property
    def heading(self) -> str:
        """Its title in tables, with a word on which values are good."""
        return f"{self.title} ({self.good})"


METRICS = (
    Metric(
        "psnr_rgb_db",
        lambda image: _finite(similarity.psnr_rgb_db(image.reference.rgb, image.rgb)),
        title="PSNR, dB",
        good=HIGHER,
        undefined="exact",
        always=False,
        explained="against the photograph's own 8-bit sRGB; R = 255. Equal images have none, and "
        "are counted as exact",
    ),
    Metric(
        "ssim_rgb",
        lambda image: _ssim(image.reference.rgb, image.rgb),
        title="SSIM",
        good=HIGHER,
        digits=4,
        explained="against the photograph's own 8-bit sRGB; 11x11 Gaussian of sigma 1.5, mean over "
        "the channels",
    ),
    Metric(
        "ciede2000_mean",
        lambda image: color_metrics.ciede2000_mean(image.reference.lab, image.lab),
        title="CIEDE2000",
        good=LOWER,
        explained="mean color difference over the pixels; 1 is just noticeable",
    ),
    Metric(
        "colorfulness",
        lambda image: color_metrics.colorfulness(image.rgb),
        title="colorfulness",
        good="1 is the photographs'",
        over="colorfulness",
        summary_key="colorfulness_ratio",
        explained="Hasler and Süsstrunk's, of all colorized images over that of all photographs. A "
        "mean of ratios would hang on the photographs that are nearly gray",
    ),
    Metric(
        "auc_ab_percent",
        lambda image: color_metrics.auc_ab_percent(image.error),
        title="AuC, %",
        good=HIGHER,
        explained="share of the pixels whose ab is off by at most a threshold, averaged over "
        "thresholds of 0 to 150",
    ),
    Metric(
        "auc_ab_rebalanced_percent",
        lambda image: color_metrics.auc_ab_percent(image.error, image.reference.rarity),
        title="AuC, rebalanced, %",
        good=HIGHER,
        explained="AuC where a pixel weighs by the inverse of its color's frequency (bins of "
        "10x10) in these training images: it compares with no other data set's figure",
    ),
    Metric(
        "mse_ab",
        lambda image: similarity.mse_ab(image.reference.ab, image.ab),
        title="MSE of ab",
        good=LOWER,
        digits=5,
        explained="in the network's units, ab / 128",
    ),
    Metric(
        "psnr_vs_gray_db",
        lambda image: _finite(similarity.psnr_rgb_db(image.reference.gray, image.rgb)),
        title="PSNR against gray, dB",
        good=ALREADY_GRAY,
        undefined="exact",
        always=False,
        explained="of the colorized image against the gray photograph, which is what the paper's "
        "section 3.3.1 says. It is highest where nothing was colorized; equal images are exact",
    ),
    Metric(
        "ssim_vs_gray",
        lambda image: _ssim(image.reference.gray, image.rgb),
        title="SSIM against gray",
        good=ALREADY_GRAY,
        digits=4,
        explained="of the colorized image against the gray photograph, which is what the paper's "
        "section 3.3.2 says",
    ),
    Metric(
        "ab_error_small_regions",
        lambda image: mean_where(image.error, image.reference.small),
        always=False,
    ),
    Metric(
        "ab_error_large_regions",
        lambda image: mean_where(image.error, ~image.reference.small),
        always=False,
    ),
)
# These are measured of each image for the claims; no summary contains them.
FACTS = {
    "chroma_small_regions": lambda image: mean_where(image.chroma, image.reference.small),
    "chroma_large_regions": lambda image: mean_where(image.chroma, ~image.reference.small),
}


def columns() -> list[Metric]:
    """The metrics that have a column in tables."""
    return [metric for metric in METRICS if metric.title]


def metric(key: str) -> Metric:
    """The record of a metric, by its key in JSON."""
    return next(found for found in METRICS if found.told_as == key)


def score(image: Colorized) -> dict[str, float | None]:
    """Measure all metrics and facts of one colorized image, by key.

    Raises
    ------
    ValueError
        If an image has no value of a metric that every image should have, by its record: the mean
        would leave the image out silently.
    """
    measured = {metric.key: metric.measure(image) for metric in METRICS}
    for metric in METRICS:
        if metric.always and measured[metric.key] is None:
            raise ValueError(f"{metric.key}: an image has none; set always=False in its record")
    return measured | {key: measure(image) for key, measure in FACTS.items()}


def _ssim(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM in single precision, which errs by 1e-6 and saves a third of the time."""
    if np.array_equal(one, other):
        return 1.0
    return similarity.ssim_rgb(one.astype(np.float32), other.astype(np.float32))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
