"""Summarize the metrics over all test images: means with their standard errors."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from colorization.scoring import metrics

# The colorizers of an image: the model, and the trivial that a model must beat.
MODEL, GRAY, CONSTANT = "model", "gray", "constant"
TRIVIAL = (GRAY, CONSTANT)
COLORIZERS = (MODEL, *TRIVIAL)
OVER = "psnr_gain"
PSNR = "psnr_rgb_db"


@dataclass(frozen=True)
class Score:
    """A metric over all test images.

    Attributes
    ----------
    value : float or None
        None where it is not defined.
    error : float or None
        Its standard error; None where it is not defined.
    excluded : int
        Number of images that are left out, since they have no value.
    """

    value: float | None
    error: float | None
    excluded: int = 0


Scores = dict[str, Score]  # by the metrics' keys in JSON


@dataclass(frozen=True)
class Summary:
    """All metrics of a model and of the trivial.

    Attributes
    ----------
    images : int
    scores : dict of str to Scores
        The scores by colorizer.
    over : dict of str to Score
        By floor: the mean of the model's PSNR minus the floor's, over the images that neither meets
        exactly.
    """

    images: int
    scores: dict[str, Scores]
    over: dict[str, Score]

    @property
    def model(self) -> Scores:
        """The scores of the model."""
        return self.scores[MODEL]

    def as_json(self) -> dict[str, Any]:
        """The content of metrics.json, with flat keys, as `dvc metrics diff` compares them."""
        told: dict[str, Any] = {"images": self.images}
        told |= {colorizer: scores_as_json(scores) for colorizer, scores in self.scores.items()}
        return told | {OVER: over_as_json(self.over)}

    def write(self, path: Path) -> None:
        """Write metrics.json."""
        text = json.dumps(self.as_json(), indent=1, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote; a metric that was added since has no value."""
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            images=told["images"],
            scores={
                colorizer: {
                    metric.told_as: _score(told[colorizer], metric.told_as)
                    for metric in metrics.METRICS
                }
                for colorizer in COLORIZERS
            },
            over={floor: _score(told[OVER][floor], PSNR) for floor in TRIVIAL},
        )


def scores_as_json(scores: Scores) -> dict[str, float | None]:
    """Flatten scores; the standard error of a metric has the key "metric_se".

    Where an image may lack the metric, "metric_excluded" is the number of images that lack it.
    """
    told: dict[str, float | None] = {}
    # Means first, then ratios.
    for metric in sorted(metrics.METRICS, key=lambda metric: metric.over is not None):
        score = scores[metric.told_as]
        told |= {metric.told_as: score.value, f"{metric.told_as}_se": score.error}
        if not metric.always:
            told[f"{metric.told_as}_excluded"] = score.excluded
    return told


def over_as_json(over: dict[str, Score]) -> dict[str, dict[str, float | None]]:
    """Flatten the model's PSNR above each floor, with its standard error."""
    return {floor: {PSNR: score.value, f"{PSNR}_se": score.error} for floor, score in over.items()}


def _score(told: dict[str, Any], key: str) -> Score:
    return Score(told.get(key), told.get(f"{key}_se"), told.get(f"{key}_excluded", 0))


def summarize(rows: pd.DataFrame) -> Summary:
    """Mean and standard error of each metric over the test images.

    Some metrics are given as a ratio: the sum over the colorized images, divided by the sum over
    the photographs. A mean of ratios would depend on the photographs that are nearly gray.

    Parameters
    ----------
    rows : DataFrame
        A row per image, as `scorer.evaluate` returns them.
    """
    scores: dict[str, Scores] = {}
    for colorizer in COLORIZERS:
        scores[colorizer] = {
            metric.told_as: mean_and_error(rows[f"{colorizer}_{metric.key}"])
            if metric.over is None
            else ratio_and_error(rows[f"{colorizer}_{metric.key}"], rows[metric.over])
            for metric in metrics.METRICS
        }
    # TrivialScores meet gray photographs exactly, so the means above leave out different images.
    psnr = {name: rows[f"{name}_{PSNR}"].astype(float) for name in COLORIZERS}
    over = {
        floor: replace(mean_and_error(psnr[MODEL] - psnr[floor]), excluded=0) for floor in TRIVIAL
    }
    return Summary(len(rows), scores, over)


def mean_and_error(values: pd.Series) -> Score:
    """Mean and standard error of independent values; missing ones are left out."""
    known = values.astype(float).dropna().to_numpy()
    return Score(
        value=float(known.mean()) if len(known) else None,
        error=float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else None,
        excluded=len(values) - len(known),
    )


def ratio_and_error(above: pd.Series, below: pd.Series) -> Score:
    """Ratio of two sums over independent images, and its standard error.

    References
    ----------
    Cochran: Sampling Techniques (1977), equation 2.39: the error of a ratio estimator, linearized.
    """
    total = float(below.sum())
    if not total > 0:
        return Score(None, None)
    ratio = float(above.sum()) / total
    residuals = (above - ratio * below).to_numpy()
    count = len(residuals)
    if count < 2:
        return Score(ratio, None)
    return Score(ratio, float(np.sqrt(count * (residuals**2).sum() / (count - 1)) / total))
