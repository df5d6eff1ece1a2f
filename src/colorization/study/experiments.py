"""Reading all trainings of the study, and estimating quantities from them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.settings import Params
from colorization.scoring.evaluation import Evaluation, read_evaluation
from colorization.study.estimates import Estimate, of_means, over_images, over_seeds

Quantity = Callable[[Evaluation], float | None]
Trainings = Sequence[Evaluation]  # of one variant


@dataclass(frozen=True)
class Experiments:
    """The trainings of the study.

    Attributes
    ----------
    trainings : dict of (str, int) to Evaluation
        By variant and seed, in the study's order.
    source : str
        `download.source`.
    missing : list of str
        Folder names of the trainings that the study names but that are not there.
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

    def of(self, variant: str) -> list[Evaluation]:
        """The trainings of one variant, in the order of the seeds."""
        return [found for (name, _), found in self.trainings.items() if name == variant]

    def colorful_half(self) -> "Experiments":
        """The same trainings, with rows of the more colorful half of the test images alone."""
        colorfulness = next(iter(self.trainings.values())).rows["colorfulness"]
        chosen = (colorfulness >= colorfulness.median()).to_numpy()
        trainings = {
            key: replace(found, rows=found.rows[chosen].reset_index(drop=True))
            for key, found in self.trainings.items()
        }
        return replace(self, trainings=trainings)

    def pairs(self, one: str, other: str) -> tuple[list[Evaluation], list[Evaluation]]:
        """The trainings of two variants from the seeds that both have, in the same order."""
        seeds = [
            seed for name, seed in self.trainings if name == one and (other, seed) in self.trainings
        ]
        of_one, of_other = ([self.trainings[name, seed] for seed in seeds] for name in (one, other))
        return of_one, of_other

    def by_name(self) -> dict[str, Evaluation]:
        """All trainings, keyed by the variant's name, with the seed where there are several."""
        return {
            f"{variant} ({seed})" if self.several_seeds else variant: found
            for (variant, seed), found in self.trainings.items()
        }

    def seeds_of(self, variant: str) -> set[int]:
        """The seeds of a variant's trainings."""
        return {seed for name, seed in self.trainings if name == variant}

    def pictured(self) -> dict[str, Evaluation]:
        """The first training with images to show of each variant that has all training images.

        In a published study, only trainings of the first seed have images to show.
        """
        first = {
            variant: next((found for found in self.of(variant) if found.shown), None)
            for variant in self.variants
        }
        whole = {name: found for name, found in first.items() if found is not None}
        return {name: found for name, found in whole.items() if found.training.train.fraction == 1}

    def histories(self) -> dict[str, list[pd.DataFrame]]:
        """The histories of all seeds, for each variant of `pictured`."""
        return {name: [each.history for each in self.of(name)] for name in self.pictured()}


def read_experiments(params: Params, evaluations: Path) -> Experiments:
    """Read every evaluation of a study.

    Parameters
    ----------
    params : Params
    evaluations : Path
        The folder with the outputs of the stage `evaluate` for all trainings.

    Raises
    ------
    ColorizationError
        If there is no training, or they were not scored on the same images.
    """
    named = {key: evaluations / f"{key[0]}-{key[1]}" for key in params.trainings()}
    there = {key: read_evaluation(folder) for key, folder in named.items() if folder.exists()}
    if not there:
        raise ColorizationError(f"{evaluations}: holds no training of this study")
    _, *others = there.values()
    tested = next(iter(there.values())).rows["name"]
    for found in others:
        if not found.rows["name"].equals(tested):
            raise ColorizationError(f"{evaluations}: trainings were scored on unlike test images")
    missing = [folder.name for key, folder in named.items() if key not in there]
    return Experiments(there, params.download.redacted_source, missing)


def between(one: Trainings, other: Trainings, quantity: Quantity) -> Estimate | None:
    """Estimate how much more of a quantity the first trainings have, compared seed by seed.

    The result is None where there are no trainings, or one of them lacks the quantity. The same
    holds for the functions below.
    """
    ours, theirs = _known(one, quantity), _known(other, quantity)
    if not ours or not theirs:
        return None
    return over_seeds([a - b for a, b in zip(ours, theirs, strict=True)])


def times(one: Trainings, other: Trainings, quantity: Quantity) -> Estimate | None:
    """Estimate how many times as much of a positive quantity the first trainings have."""

    def logarithm(evaluation: Evaluation) -> float | None:
        value = quantity(evaluation)
        return math.log(value) if value else None

    found = between(one, other, logarithm)
    return found.exponential() if found else None


def of_curves(trainings: Trainings, quantity: Callable[[pd.DataFrame], float]) -> Estimate | None:
    """Estimate the mean of a quantity that each training's history gives."""
    values = _known(trainings, lambda training: quantity(training.history))
    if not values:
        return None
    return over_seeds(values)


def _known(trainings: Trainings, quantity: Quantity) -> list[float] | None:
    """A quantity of each training; None if one training lacks it."""
    values = [quantity(training) for training in trainings]
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    return known if len(known) == len(values) else None


def difference_on_images(one: Trainings, other: Trainings, column: str) -> Estimate | None:
    """Estimate how much larger the first trainings' values are, compared by seed and image.

    Parameters
    ----------
    one, other : sequences of Evaluation
        From the same seeds. A single seed gives no interval: it cannot tell variants apart.
    column : str
        A column of `Evaluation.rows`. Images that lack it in any of the trainings are left out.
    """
    ours, theirs = np.split(_values([*one, *other], column), 2)
    both = ~np.isnan(ours - theirs).any(axis=0)
    if not len(ours) or not both.any():
        return None
    found = over_images((ours - theirs)[:, both])
    return found if len(ours) > 1 else Estimate(found.value)


def times_on_images(one: Trainings, other: Trainings, column: str) -> Estimate | None:
    """Estimate the ratio of a column's sums over the images; see `difference_on_images`."""
    ours, theirs = np.split(_values([*one, *other], column), 2)
    found = of_means([ours, theirs], lambda a, b: np.log(a / b)) if len(ours) else None
    if found is None:
        return None
    return (found if len(ours) > 1 else Estimate(found.value)).exponential()


def of_images(
    trainings: Trainings, columns: Sequence[str], statistic: Callable[..., float]
) -> Estimate | None:
    """Estimate a statistic of the means of some columns, over the images that have them all.

    Parameters
    ----------
    trainings : sequence of Evaluation
        Trainings of one variant. The interval is over trainings and images or, for a single
        training, over its images alone.
    columns : sequence of str
        Columns of `Evaluation.rows`.
    statistic : callable
        A function of their means.

    Returns
    -------
    Estimate or None
        None where no image has all the columns, or the statistic has no finite value.
    """
    tables = [_values(trainings, column) for column in columns]
    complete = ~np.isnan(tables).any(axis=(0, 1))
    if not complete.any():
        return None
    return of_means([table[:, complete] for table in tables], statistic)


def _values(trainings: Trainings, column: str) -> np.ndarray:
    """A column of each training's rows, as an array of seeds and images, (S, I)."""
    return np.array([training.rows[column].to_numpy(float) for training in trainings])
