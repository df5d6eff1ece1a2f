"""The metrics: a record each, with its name, title, description and way of averaging.

To add a metric, add a record to `METRICS`. Only code that depends on one particular metric names
it: the claims, the comparison with the trivial baselines (PSNR), the choice of the best and worst
images (CIEDE2000), and the learning curves (MSE).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from colorization.color import color_metrics, similarity
from colorization.scoring.ab_errors import auc_ab_percent
from colorization.scoring.reference import Colorized

HIGHER, LOWER = "higher is better", "lower is better"
ALREADY_GRAY = "the paper's; higher is grayer"

ImageScores = dict[str, float | None]  # of one image, by metric


@dataclass(frozen=True)
class Metric:
    """A metric of one colorized image, and how it is averaged and presented.

    Attributes
    ----------
    key : str
        Name of its column in CSV files and, if it is averaged, of its mean in JSON.
    measure : callable
        Maps a `Colorized` image to a number, or None if undefined.
    title : str or None
        Title of its column in tables; None if it has no column.
    direction : str
        Which values are good, for the column's heading.
    digits : int
        Number of decimals.
    undefined : str
        What tables show for an undefined value.
    always_defined : bool
        Whether every image has a value. If not, images without one are counted and excluded from
        the mean.
    denominator : str or None
        A column of the rows. The summary then is a ratio instead of a mean: the sum over the
        colorized images, divided by the sum of this column.
    ratio_key : str or None
        The ratio's key in JSON.
    removed : bool
        Whether the summary is 100 * (1 - ratio).
    description : str
        What readers of its column must know, in plain text.
    """

    key: str
    measure: Callable[[Colorized], float | None]
    title: str | None = None
    direction: str = ""
    digits: int = 2
    undefined: str = "undefined"
    always_defined: bool = True
    denominator: str | None = None
    ratio_key: str | None = None
    removed: bool = False
    description: str = ""

    @property
    def summary_key(self) -> str:
        """The key of its summary in JSON."""
        return self.ratio_key or self.key

    def columns(self, colorizer: str) -> list[str]:
        """The columns of the numerator and, if any, of the denominator; see `of_means`."""
        return [f"{colorizer}_{self.key}", *([self.denominator] if self.denominator else [])]

    def of_means(self, mean: float, denominator: float = 1.0) -> float:
        """The summary, from the means of `columns`."""
        ratio = mean / denominator
        return 100 * (1 - ratio) if self.removed else ratio

    @property
    def heading(self) -> str:
        """The title of its column, with the direction."""
        return f"{self.title} ({self.direction})"


METRICS = (
    Metric(
        "mse_ab",
        lambda image: float(image.squared_error.mean()),
        title="error removed, %",
        direction=HIGHER,
        digits=1,
        denominator="constant_mse_ab",
        ratio_key="error_removed_percent",
        removed=True,
        description="of the squared error of ab that the constant color leaves, summed over the "
        "photographs; 0 is the constant color, 100 the photographs, and less than 0 worse than "
        "the constant color",
    ),
    Metric(
        "psnr_rgb_db",
        lambda image: _finite(similarity.psnr_rgb_db(image.reference.rgb, image.rgb)),
        title="PSNR, dB",
        direction=HIGHER,
        undefined="exact",
        always_defined=False,
        description="against the photograph's own 8-bit sRGB; R = 255. Equal images have none, and "
        "are counted as exact",
    ),
    Metric(
        "ssim_rgb",
        lambda image: _ssim(image.reference.rgb, image.rgb),
        title="SSIM",
        direction=HIGHER,
        digits=4,
        description="against the photograph's own 8-bit sRGB; 11x11 Gaussian of sigma 1.5, mean "
        "over the channels",
    ),
    Metric(
        "ciede2000_mean",
        lambda image: color_metrics.ciede2000_mean(image.reference.lab, image.lab),
        title="CIEDE2000",
        direction=LOWER,
        description="mean color difference over the pixels; 1 is just noticeable",
    ),
    Metric(
        "colorfulness",
        lambda image: color_metrics.colorfulness(image.rgb),
        title="colorfulness",
        direction="1 is the photographs'",
        denominator="colorfulness",
        ratio_key="colorfulness_ratio",
        description="Hasler and Süsstrunk's, of all colorized images over that of all photographs. "
        "A mean of ratios would be dominated by nearly gray photographs",
    ),
    Metric(
        "stains_percent",
        lambda image: 100 * color_metrics.stained(image.reference.ab, image.ab),
        title="stains, %",
        direction=LOWER,
        description=f"share of the pixels with a predicted chroma above {color_metrics.VIVID:g} "
        f"where the photograph's is below {color_metrics.PALE:g}",
    ),
    Metric(
        "auc_ab_percent",
        lambda image: auc_ab_percent(image.error),
        title="AuC, %",
        direction=HIGHER,
        description="share of the pixels whose ab is off by at most a threshold, averaged over "
        "thresholds of 0 to 150",
    ),
    Metric(
        "auc_ab_rebalanced_percent",
        lambda image: auc_ab_percent(image.error, image.reference.rarity),
        title="AuC, rebalanced, %",
        direction=HIGHER,
        description="AuC where a pixel weighs by the inverse of its color's frequency (bins of "
        "10x10) in these training images; not comparable across data sets",
    ),
    Metric(
        "mse_ab",
        lambda image: float(image.squared_error.mean()),
        title="MSE of ab",
        direction=LOWER,
        digits=5,
        description="in the network's units, ab / 128",
    ),
    Metric(
        "psnr_vs_gray_db",
        lambda image: _finite(similarity.psnr_rgb_db(image.reference.gray, image.rgb)),
        title="PSNR against gray, dB",
        direction=ALREADY_GRAY,
        undefined="exact",
        always_defined=False,
        description="of the colorized image against the gray photograph, as section 3.3.1 of "
        "the paper defines it. Highest if nothing is colorized; equal images are exact",
    ),
    Metric(
        "ssim_vs_gray",
        lambda image: _ssim(image.reference.gray, image.rgb),
        title="SSIM against gray",
        direction=ALREADY_GRAY,
        digits=4,
        description="of the colorized image against the gray photograph, as section 3.3.2 of "
        "the paper defines it",
    ),
    Metric(
        "ab_error_small_regions",
        lambda image: image.reference.mean_in_small(image.error),
        always_defined=False,
    ),
    Metric(
        "ab_error_large_regions",
        lambda image: image.reference.mean_in_large(image.error),
        always_defined=False,
    ),
)
# Computed for each image, for the claims; not summarized.
FACTS = {
    "chroma_small_regions": lambda image: image.reference.mean_in_small(image.chroma),
    "chroma_large_regions": lambda image: image.reference.mean_in_large(image.chroma),
    # The two add up to `mse_ab`.
    "mse_ab_in_small_regions": lambda image: image.reference.share_in_small(image.squared_error),
    "mse_ab_in_large_regions": lambda image: image.reference.share_in_large(image.squared_error),
}


def columns() -> list[Metric]:
    """The metrics that have a column in tables."""
    return [metric for metric in METRICS if metric.title]


def metric(key: str) -> Metric:
    """The record of a metric, by the key of its summary."""
    return next(metric for metric in METRICS if metric.summary_key == key)


def score(image: Colorized, keys: Sequence[str] | None = None) -> ImageScores:
    """Compute metrics of one colorized image: those named by `keys`, by default all and `FACTS`.

    Raises
    ------
    ValueError
        If a metric is undefined although its record says that it is always defined.
    """
    # Two metrics may summarize the same measure.
    measures = {metric.key: metric.measure for metric in METRICS}
    scores = {
        key: measure(image) for key, measure in measures.items() if keys is None or key in keys
    }
    for metric in METRICS:
        if metric.always_defined and scores.get(metric.key, 0) is None:
            raise ValueError(f"{metric.key} is undefined; set always_defined=False in its record")
    if keys is None:
        scores |= {key: measure(image) for key, measure in FACTS.items()}
    return scores


def _ssim(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM in single precision: an error of 1e-6, a third of the time saved."""
    if np.array_equal(one, other):
        return 1.0
    return similarity.ssim_rgb(one.astype(np.float32), other.astype(np.float32))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
