"""The gap: a model's error on test photographs over its error on training photographs.

Both errors are in inference mode and over as many photographs, for the weights of the best epoch
and those of the last. The training MSE of history.csv is neither: it is the mean over an epoch, in
training mode (with dropout, and batch normalization by the batch), of weights that still change.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import stats

GAP = "gap.csv"
WEIGHTS = ("best", "last")
TRAINING_IMAGES, TEST_IMAGES = "training_images", "test_images"  # keys of metrics.json
TRAINING, TEST = "train", "test"  # splits


@dataclass(frozen=True)
class Gap:
    """Training and test error of the best and of the last weights.

    Attributes
    ----------
    images : dict of str to int
        By split, "train" and "test": the number of photographs.
    mse_ab : dict of str to dict of str to float
        By split and by weights, "best" and "last": the mean squared error of ab / 128.
    ratio : dict of str to float
        By weights: test over training error.
    ratio_se : dict of str to float or None
        Its standard error over photographs; None for a single one.
    """

    images: dict[str, int]
    mse_ab: dict[str, dict[str, float]]
    ratio: dict[str, float]
    ratio_se: dict[str, float | None]

    def as_json(self) -> dict[str, Any]:
        """The entries of metrics.json: "training_images", and "test_images" with the gaps."""
        entries: tuple[dict[str, Any], ...] = tuple(
            {"images": self.images[split]}
            | {f"mse_ab_{weights}": self.mse_ab[split][weights] for weights in WEIGHTS}
            for split in (TRAINING, TEST)
        )
        training, test = entries
        for weights in WEIGHTS:
            test[f"gap_{weights}"] = self.ratio[weights]
            test[f"gap_{weights}_se"] = self.ratio_se[weights]
        return {TRAINING_IMAGES: training, TEST_IMAGES: test}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self | None:
        """Read the entries of metrics.json; None if the gap is undefined."""
        if TRAINING_IMAGES not in content:
            return None
        splits = {TRAINING: content[TRAINING_IMAGES], TEST: content[TEST_IMAGES]}
        test = splits[TEST]
        return cls(
            images={split: part["images"] for split, part in splits.items()},
            mse_ab={
                split: {weights: part[f"mse_ab_{weights}"] for weights in WEIGHTS}
                for split, part in splits.items()
            },
            ratio={weights: test[f"gap_{weights}"] for weights in WEIGHTS},
            ratio_se={weights: test[f"gap_{weights}_se"] for weights in WEIGHTS},
        )


def summarize_gap(rows: pd.DataFrame) -> Gap | None:
    """Compute the gap; None if a split has no photograph or no error.

    Parameters
    ----------
    rows : DataFrame
        A row per photograph: "split", "mse_ab_best" and "mse_ab_last".
    """
    splits = {split: rows[rows["split"] == split] for split in (TRAINING, TEST)}
    mse = {
        split: {weights: float(part[f"mse_ab_{weights}"].mean()) for weights in WEIGHTS}
        for split, part in splits.items()
    }
    if not all(value > 0 for by_weights in mse.values() for value in by_weights.values()):
        return None
    ratio = {weights: mse[TEST][weights] / mse[TRAINING][weights] for weights in WEIGHTS}
    return Gap(
        images={split: len(part) for split, part in splits.items()},
        mse_ab=mse,
        ratio=ratio,
        ratio_se={
            weights: _se(ratio[weights], [part[f"mse_ab_{weights}"] for part in splits.values()])
            for weights in WEIGHTS
        },
    )


def _se(ratio: float, samples: list[pd.Series]) -> float | None:
    """Standard error of the ratio of two independent means (delta method)."""
    if min(map(len, samples)) < 2:
        return None
    relative = [float(stats.sem(values)) / float(np.mean(values)) for values in samples]
    return ratio * math.sqrt(sum(error**2 for error in relative))
