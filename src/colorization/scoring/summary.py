"""Summarizes metrics over the test images: means with standard errors.

All are over one set of photographs, those that are not nearly gray (`colorful`). On the others
every color is wrong, so that they would say how much a model colors, not how well.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from colorization.scoring import metrics
from colorization.scoring.gap import Gap
from colorization.scoring.metrics import Metric

# Colorizers of an image: the model, and the trivial baselines that it must beat.
MODEL, GRAY, CONSTANT = "model", "gray", "constant"
TRIVIAL = (GRAY, CONSTANT)
COLORIZERS = (MODEL, *TRIVIAL)
PSNR_GAIN = "psnr_gain"
PSNR = "psnr_rgb_db"
ERROR_REMOVED = "error_removed_percent"


@dataclass(frozen=True)
class Score:
    """A metric over all test images.

    Attributes
    ----------
    value : float or None
        None if undefined.
    se : float or None
        Standard error; None if undefined.
    excluded : int
        Number of images without a value.
    """

    value: float | None
    se: float | None
    excluded: int = 0


Scores = dict[str, Score]  # by `Metric.summary_key`


@dataclass(frozen=True)
class Summary:
    """All metrics of a model and of the trivial baselines.

    Attributes
    ----------
    images : int
        Number of test images.
    images_scored : int
        Number of those that all means are over; see `colorful`.
    scores : dict of str to Scores
        By colorizer.
    psnr_gain : dict of str to Score
        By baseline: mean PSNR of the model minus that of the baseline, over the images for which
        neither is exact.
    constant_output : bool
        Whether the model gives one constant color; see `predictions.is_constant`.
    gap : Gap or None
        The model's test error over its training error; None if undefined.
    """

    images: int
    images_scored: int
    scores: dict[str, Scores]
    psnr_gain: dict[str, Score]
    constant_output: bool
    gap: Gap | None

    @property
    def model(self) -> Scores:
        """The scores of the model."""
        return self.scores[MODEL]

    def as_json(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return (
            {"images": self.images, "images_scored": self.images_scored}
            | {"constant_output": self.constant_output}
            | {colorizer: scores_as_json(scores) for colorizer, scores in self.scores.items()}
            | {PSNR_GAIN: psnr_gain_as_json(self.psnr_gain)}
            | (self.gap.as_json() if self.gap else {})
        )

    def write(self, path: Path) -> None:
        """Write metrics.json."""
        text = json.dumps(self.as_json(), indent=1, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote; metrics that were added since then have no value."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            images=content["images"],
            images_scored=content["images_scored"],
            scores={
                colorizer: {
                    metric.summary_key: _score(content[colorizer], metric.summary_key)
                    for metric in metrics.METRICS
                }
                for colorizer in COLORIZERS
            },
            psnr_gain={name: _score(content[PSNR_GAIN][name], PSNR) for name in TRIVIAL},
            constant_output=content["constant_output"],
            gap=Gap.from_json(content),
        )


def scores_as_json(scores: Scores) -> dict[str, float | None]:
    """Flatten scores: "METRIC" and "METRIC_se".

    If an image may lack the metric, "METRIC_excluded" is the number of images that lack it.
    """
    flat: dict[str, float | None] = {}
    for metric in metrics.METRICS:
        score = scores[metric.summary_key]
        flat |= {metric.summary_key: score.value, f"{metric.summary_key}_se": score.se}
        if not metric.always_defined:
            flat[f"{metric.summary_key}_excluded"] = score.excluded
    return flat


def psnr_gain_as_json(gain: dict[str, Score]) -> dict[str, dict[str, float | None]]:
    """Flatten `Summary.psnr_gain`."""
    return {name: {PSNR: score.value, f"{PSNR}_se": score.se} for name, score in gain.items()}


def _score(flat: dict[str, Any], key: str) -> Score:
    return Score(flat.get(key), flat.get(f"{key}_se"), flat.get(f"{key}_excluded", 0))


def colorful(rows: pd.DataFrame, min_chroma: float) -> pd.DataFrame:
    """Select the photographs that every mean is over.

    Parameters
    ----------
    rows : DataFrame
        With the column "mean_chroma".
    min_chroma : float
        `evaluate.min_chroma`: the least mean CIE Lab chroma.
    """
    return rows[is_colorful(rows, min_chroma)]


def is_colorful(rows: pd.DataFrame, min_chroma: float) -> np.ndarray:
    """The mask of the photographs that `colorful` selects, (N,) bool."""
    return (rows["mean_chroma"] >= min_chroma).to_numpy()


def summarize(
    rows: pd.DataFrame,
    min_chroma: float,
    *,
    constant_output: bool = False,
    gap: Gap | None = None,
) -> Summary:
    """Summarize each metric over the colorful test images, with its standard error.

    A metric with a denominator becomes a ratio of sums, since a mean of ratios would be dominated
    by the grayest photographs.

    Parameters
    ----------
    rows : DataFrame
        A row per image, as in `Scored.rows`.
    min_chroma : float
        See `colorful`.
    constant_output, gap
        As in `Summary`.
    """
    scored = colorful(rows, min_chroma)
    scores = {
        colorizer: {
            metric.summary_key: summarize_metric(scored, metric, colorizer)
            for metric in metrics.METRICS
        }
        for colorizer in COLORIZERS
    }
    # A baseline is exact on gray photographs, so the means above exclude different images.
    psnr = {name: scored[f"{name}_{PSNR}"].astype(float) for name in COLORIZERS}
    gain = {name: replace(mean_with_se(psnr[MODEL] - psnr[name]), excluded=0) for name in TRIVIAL}
    return Summary(len(rows), len(scored), scores, gain, constant_output, gap)


def summarize_metric(rows: pd.DataFrame, metric: Metric, colorizer: str) -> Score:
    """Summarize one metric over all of some rows."""
    columns = (rows[name] for name in metric.columns(colorizer))
    if metric.denominator is None:
        return mean_with_se(*columns)
    ratio = ratio_with_se(*columns)
    if not metric.removed or ratio.value is None:
        return ratio
    return Score(metric.of_means(ratio.value), None if ratio.se is None else 100 * ratio.se)


def mean_with_se(values: pd.Series) -> Score:
    """Mean and standard error of independent values; missing ones are excluded."""
    defined = values.astype(float).dropna().to_numpy()
    return Score(
        value=float(defined.mean()) if len(defined) else None,
        se=float(defined.std(ddof=1) / np.sqrt(len(defined))) if len(defined) > 1 else None,
        excluded=len(values) - len(defined),
    )


def ratio_with_se(numerator: pd.Series, denominator: pd.Series) -> Score:
    """Ratio of two sums over independent images, and its standard error.

    References
    ----------
    Cochran: Sampling Techniques (1977), equation 2.39: the error of a ratio estimator, linearized.
    """
    total = float(denominator.sum())
    if not total > 0:
        return Score(None, None)
    ratio = float(numerator.sum()) / total
    residuals = (numerator - ratio * denominator).to_numpy()
    count = len(residuals)
    if count < 2:
        return Score(ratio, None)
    return Score(ratio, float(np.sqrt(count * (residuals**2).sum() / (count - 1)) / total))
