"""All trainings of a study, and estimates of quantities from them.

The functions that estimate return None if there are no trainings, or if one of them lacks the
quantity.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.settings import Params
from colorization.scoring.evaluation import Evaluation, read_evaluation
from colorization.scoring.summary import is_colorful
from colorization.study.estimates import (
    Estimate,
    function_of_means,
    mean_over_images,
    mean_over_seeds,
)

Quantity = Callable[[Evaluation], float | None]
Trainings = Sequence[Evaluation]  # of one variant


@dataclass(frozen=True)
class Experiments:
    """The trainings of a study.

    Attributes
    ----------
    trainings : dict of (str, int) to Evaluation
        By variant and seed, in the study's order.
    source : str
        `download.source`.
    missing : list of str
        Trainings of the study without an evaluation, as "VARIANT-SEED".
    """

    trainings: dict[tuple[str, int], Evaluation]
    source: str
    missing: list[str] = field(default_factory=list)

    @property
    def variants(self) -> list[str]:
        """The variants' names, in the study's order."""
        return list(dict.fromkeys(variant for variant, _ in self.trainings))

    @property
    def several_seeds(self) -> bool:
        """Whether the trainings have more than one seed."""
        return len({seed for _, seed in self.trainings}) > 1

    def trainings_of(self, variant: str) -> list[Evaluation]:
        """The trainings of one variant, in the order of the seeds."""
        return [training for (name, _), training in self.trainings.items() if name == variant]

    def colorful_half(self) -> "Experiments":
        """The same trainings, with the rows of the more colorful half of the test images."""
        colorfulness = next(iter(self.trainings.values())).rows["colorfulness"]
        colorful = (colorfulness >= colorfulness.median()).to_numpy()
        trainings = {key: training.select(colorful) for key, training in self.trainings.items()}
        return replace(self, trainings=trainings)

    def pairs(self, one: str, other: str) -> tuple[list[Evaluation], list[Evaluation]]:
        """The trainings of two variants from the seeds that both have, in the same order."""
        seeds = [
            seed for name, seed in self.trainings if name == one and (other, seed) in self.trainings
        ]
        first, second = ([self.trainings[name, seed] for seed in seeds] for name in (one, other))
        return first, second

    def by_name(self) -> dict[str, Evaluation]:
        """All trainings, keyed by variant, or by "VARIANT (SEED)" if there are several seeds."""
        return {
            f"{variant} ({seed})" if self.several_seeds else variant: training
            for (variant, seed), training in self.trainings.items()
        }

    def seeds_of(self, variant: str) -> set[int]:
        """The seeds of a variant's trainings."""
        return {seed for name, seed in self.trainings if name == variant}

    def with_samples(self) -> dict[str, Evaluation]:
        """The first training with sample images of each variant trained on all images.

        In a published study, only trainings of the first seed have sample images.
        """
        first: dict[str, Evaluation] = {}
        for (variant, _), training in self.trainings.items():
            if training.samples and training.training.train.fraction == 1:
                first.setdefault(variant, training)
        return first

    def histories(self) -> dict[str, list[pd.DataFrame]]:
        """The histories of all seeds, for each variant of `with_samples`."""
        return {
            name: [training.history for training in self.trainings_of(name)]
            for name in self.with_samples()
        }


def read_experiments(params: Params, evaluations: Path) -> Experiments:
    """Read the evaluations of a study's trainings.

    Parameters
    ----------
    params : Params
    evaluations : Path
        The folder with the outputs of the stage `evaluate`, as VARIANT-SEED.

    Raises
    ------
    ColorizationError
        If there is no training, or they were not scored on the same images.
    """
    folders = {key: evaluations / f"{key[0]}-{key[1]}" for key in params.trainings()}
    min_chroma = params.evaluate.min_chroma
    trainings = {
        key: read_evaluation(folder, min_chroma)
        for key, folder in folders.items()
        if folder.exists()
    }
    if not trainings:
        raise ColorizationError(f"{evaluations}: no training of this study found")
    first, *others = (training.rows["name"] for training in trainings.values())
    if not all(names.equals(first) for names in others):
        raise ColorizationError(f"{evaluations}: trainings were scored on different test images")
    # All estimates are over one set of photographs.
    trainings = {
        key: training.select(is_colorful(training.rows, min_chroma))
        for key, training in trainings.items()
    }
    missing = [folder.name for key, folder in folders.items() if key not in trainings]
    return Experiments(trainings, params.download.redacted_source, missing)


def paired_difference(one: Trainings, other: Trainings, quantity: Quantity) -> Estimate | None:
    """Difference of a quantity between two variants, paired by seed."""
    first, second = _values(one, quantity), _values(other, quantity)
    if not first or not second:
        return None
    return mean_over_seeds([a - b for a, b in zip(first, second, strict=True)])


def paired_ratio(one: Trainings, other: Trainings, quantity: Quantity) -> Estimate | None:
    """Ratio of a positive quantity between two variants, paired by seed."""

    def logarithm(training: Evaluation) -> float | None:
        value = quantity(training)
        return math.log(value) if value else None

    difference = paired_difference(one, other, logarithm)
    return difference.exp() if difference else None


def mean_of_histories(
    trainings: Trainings, quantity: Callable[[pd.DataFrame], float]
) -> Estimate | None:
    """Mean of a quantity computed from each training's history."""
    values = _values(trainings, lambda training: quantity(training.history))
    return mean_over_seeds(values) if values else None


def _values(trainings: Trainings, quantity: Quantity) -> list[float] | None:
    """A quantity of each training; None if one of them lacks it."""
    values = [quantity(training) for training in trainings]
    finite = [float(value) for value in values if value is not None and math.isfinite(value)]
    return finite if len(finite) == len(values) else None


def paired_difference_on_images(one: Trainings, other: Trainings, column: str) -> Estimate | None:
    """Difference of a column between two variants, paired by seed and image.

    Parameters
    ----------
    one, other : sequences of Evaluation
        From the same seeds. A single seed gives no interval: one seed is not enough to compare two
        variants.
    column : str
        A column of `Evaluation.rows`. Images that lack it in any training are excluded.
    """
    first, second = np.split(_column([*one, *other], column), 2)
    defined = ~np.isnan(first - second).any(axis=0)
    if not len(first) or not defined.any():
        return None
    difference = mean_over_images((first - second)[:, defined])
    return difference if len(first) > 1 else Estimate(difference.value)


def paired_ratio_on_images(one: Trainings, other: Trainings, column: str) -> Estimate | None:
    """Ratio of a column's sums over the images; see `paired_difference_on_images`."""
    first, second = np.split(_column([*one, *other], column), 2)
    if not len(first):
        return None
    logarithm = function_of_means([first, second], lambda a, b: np.log(a / b))
    if logarithm is None:
        return None
    return (logarithm if len(first) > 1 else Estimate(logarithm.value)).exp()


def function_of_columns(
    trainings: Trainings, columns: Sequence[str], function: Callable[..., float]
) -> Estimate | None:
    """Function of the means of some columns, over the images that have them all.

    Parameters
    ----------
    trainings : sequence of Evaluation
        Trainings of one variant. The interval is over trainings and images or, for a single
        training, over images alone.
    columns : sequence of str
        Columns of `Evaluation.rows`.
    function : callable
        A smooth function of their means.

    Returns
    -------
    Estimate or None
        None if no image has all columns, or if the function is not finite.
    """
    tables = [_column(trainings, column) for column in columns]
    complete = ~np.isnan(tables).any(axis=(0, 1))
    if not complete.any():
        return None
    return function_of_means([table[:, complete] for table in tables], function)


def _column(trainings: Trainings, column: str) -> np.ndarray:
    """A column of each training's rows, (S, I): a row per seed, a column per image."""
    return np.array([training.rows[column].to_numpy(float) for training in trainings])
