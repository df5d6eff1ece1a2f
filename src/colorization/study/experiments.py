"""All trainings of a study, and estimates of quantities from them.

The functions that estimate return None if there are no trainings, or if one of them lacks the
quantity. Those that compare variants give no interval if one of them has a single training: one
seed is not enough.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.settings import Params, Variant
from colorization.core.tables import read_table
from colorization.labels.subsets import Labels, mean_colors, subsets
from colorization.scoring.evaluation import Evaluation, read_evaluation
from colorization.scoring.summary import is_colorful
from colorization.study.estimates import (
    Estimate,
    combined_functions,
    linear_combination,
    mean_over_seeds,
)
from colorization.study.label_scores import LabelScores

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
        `download.source`, without passwords.
    missing : list of str
        Trainings of the study without an evaluation, as "VARIANT-SEED".
    lines : dict of str to Variant
        The study's `variants`.
    subsets : dict of str to frozenset of str
        The names of the photographs with a label, or with labels of a kind; see
        `labels.subsets.subsets`. Empty without labels.
    label_colors : DataFrame
        The mean colors of the subsets; see `labels.subsets.mean_colors`. Empty without labels.
    label_scores : LabelScores
        Published scores of subsets, for studies that are published without the labels.
    truth : (I, 16, 16, 2) float array or None
        CIE a*, b* of the photographs of `Evaluation.rows`, as `Evaluation.predictions` has them.
        None if they were not read.
    min_chroma : float
        `evaluate.min_chroma`; `Evaluation.rows` has only photographs with as much.
    """

    trainings: dict[tuple[str, int], Evaluation]
    source: str
    missing: list[str] = field(default_factory=list)
    lines: dict[str, Variant] = field(default_factory=dict)
    subsets: dict[str, frozenset[str]] = field(default_factory=dict)
    label_colors: pd.DataFrame = field(default_factory=lambda: mean_colors({}, [], []))
    label_scores: LabelScores = field(default_factory=LabelScores.empty)
    truth: np.ndarray | None = None
    min_chroma: float = 0.0

    @property
    def variants(self) -> list[str]:
        """The variants' names, in the study's order."""
        return list(dict.fromkeys(variant for variant, _ in self.trainings))

    @property
    def seeds(self) -> dict[str, list[int]]:
        """The seeds of each variant's trainings."""
        seeds: dict[str, list[int]] = {}
        for variant, seed in self.trainings:
            seeds.setdefault(variant, []).append(seed)
        return seeds

    @property
    def several_seeds(self) -> bool:
        """Whether the trainings have more than one seed."""
        return len({seed for _, seed in self.trainings}) > 1

    def trainings_of(self, variant: str) -> list[Evaluation]:
        """The trainings of one variant, in the order of the seeds."""
        return [training for (name, _), training in self.trainings.items() if name == variant]

    def gives_constant_color(self, variant: str) -> bool:
        """Whether all networks of a variant give one constant color."""
        trainings = self.trainings_of(variant)
        return bool(trainings) and all(training.summary.constant_output for training in trainings)

    def remarks(self, variant: str) -> list[str]:
        """What a table has to say of a variant: fewer seeds than others, a constant color."""
        trainings = self.trainings_of(variant)
        most, seeds = max(map(len, self.seeds.values())), len(trainings)
        constant = sum(training.summary.constant_output for training in trainings)
        remarks = [f"{seeds} of {most} seeds"] if seeds < most else []
        if constant:
            whole = "gives a constant color"
            remarks.append(whole if constant == seeds else f"{constant} of {seeds} {whole}")
        return remarks

    @property
    def photographs(self) -> pd.DataFrame:
        """A row per test photograph; the columns of photographs are the same for all trainings."""
        return next(iter(self.trainings.values())).rows

    def inside(self, subset: str) -> np.ndarray:
        """Which test photographs are in a subset, (I,) bool."""
        return self.photographs["name"].isin(self.subsets.get(subset, ())).to_numpy()

    def count(self, subset: str) -> int:
        """The number of test photographs in a subset."""
        if self.subsets:
            return int(self.inside(subset).sum())
        return self.label_scores.photographs.get(subset, 0)

    @property
    def labeled(self) -> bool:
        """Whether labels of the photographs are at hand, or scores by them published."""
        return bool(self.subsets or self.label_scores.photographs)

    def by_name(self) -> dict[str, Evaluation]:
        """All trainings, keyed by variant, or by "VARIANT (SEED)" if there are several seeds."""
        return {
            f"{variant} ({seed})" if self.several_seeds else variant: training
            for (variant, seed), training in self.trainings.items()
        }

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


def read_experiments(
    params: Params,
    evaluations: Path,
    *,
    photographs: Path | None = None,
    truth: Path | None = None,
    labels: Labels | None = None,
) -> Experiments:
    """Read the evaluations of a study's trainings.

    Parameters
    ----------
    params : Params
    evaluations : Path
        The folder with the outputs of the stage `evaluate`, as VARIANT-SEED.
    photographs : Path, optional
        Of a published study: the columns of the test photographs, which its evaluations lack.
    truth : Path, optional
        What the stage `trivial` wrote of the test photographs: their colors at 16x16.
    labels : Labels, optional
        Of the photographs.

    Raises
    ------
    ColorizationError
        If there is no training, or they were not scored on the same images.
    """
    folders = {key: evaluations / f"{key[0]}-{key[1]}" for key in params.trainings()}
    min_chroma = params.evaluate.min_chroma
    done = {key: folder for key, folder in folders.items() if folder.exists()}
    if not done:
        raise ColorizationError(f"{evaluations}: no training of this study found")
    shared = read_table(photographs) if photographs else None
    trainings = {key: read_evaluation(folder, min_chroma, shared) for key, folder in done.items()}
    first, *others = (training.rows["name"] for training in trainings.values())
    if not all(names.equals(first) for names in others):
        raise ColorizationError(f"{evaluations}: trainings were scored on different test images")
    # All estimates are over one set of photographs.
    chosen = is_colorful(next(iter(trainings.values())).rows, min_chroma)
    return Experiments(
        {key: training.select(chosen) for key, training in trainings.items()},
        params.download.redacted_source,
        missing=[folder.name for key, folder in folders.items() if key not in done],
        lines=params.variants,
        subsets=subsets(labels.table) if labels else {},
        label_colors=labels.colors if labels else mean_colors({}, [], []),
        truth=np.load(truth, allow_pickle=False)[chosen] if truth else None,
        min_chroma=min_chroma,
    )


def mean_of_trainings(trainings: Trainings, quantity: Quantity) -> Estimate | None:
    """Mean of a quantity over the trainings of a variant."""
    values = _values(trainings, quantity)
    return mean_over_seeds(values) if values else None


def difference_of_trainings(
    experiments: Experiments, one: str, other: str, quantity: Quantity
) -> Estimate | None:
    """Difference of a quantity's means between two variants, by Welch's test."""
    values = [_values(experiments.trainings_of(name), quantity) for name in (one, other)]
    tables = [np.reshape(of_one, (-1, 1)) for of_one in values if of_one]
    return _compared(linear_combination(tables, [1, -1])) if len(tables) == 2 else None


def ratio_of_trainings(
    experiments: Experiments, one: str, other: str, quantity: Quantity
) -> Estimate | None:
    """Ratio of a positive quantity's geometric means between two variants."""

    def logarithm(training: Evaluation) -> float | None:
        value = quantity(training)
        return math.log(value) if value else None

    logarithms = difference_of_trainings(experiments, one, other, logarithm)
    return logarithms and logarithms.exp()


def _values(trainings: Trainings, quantity: Quantity) -> list[float] | None:
    """A quantity of each training; None if one of them lacks it."""
    values = [quantity(training) for training in trainings]
    finite = [float(value) for value in values if value is not None and math.isfinite(value)]
    return finite if len(finite) == len(values) else None


def function_of_columns(
    trainings: Trainings,
    columns: Sequence[str],
    function: Callable[..., float],
    images: np.ndarray | None = None,
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
    images : (I,) bool array, optional
        The images to take; by default all.

    Returns
    -------
    Estimate or None
        None if no image has all columns, or if the function is not finite.
    """
    return _combined([trainings], [1], columns, function, images)


def combination(
    experiments: Experiments,
    weights: Mapping[str, float],
    columns: Sequence[str],
    function: Callable[..., float],
) -> Estimate | None:
    """Weighted sum over variants of `function_of_columns`, such as a slope.

    Seeds are independent, and images the same for all variants.
    """
    variants = [experiments.trainings_of(name) for name in weights]
    estimate = _combined(variants, [*weights.values()], columns, function)
    return estimate and _compared(estimate)


def ratio(experiments: Experiments, one: str, other: str, column: str) -> Estimate | None:
    """Ratio of a column's sums between two variants; see `combination`."""
    logarithms = combination(experiments, {one: 1, other: -1}, [column], np.log)
    return logarithms and logarithms.exp()


def _compared(estimate: Estimate) -> Estimate:
    """An estimate that compares variants: one seed is not enough for an interval."""
    return estimate if estimate.seeds > 1 else estimate.without_interval()


def _combined(
    variants: Sequence[Trainings],
    weights: Sequence[float],
    columns: Sequence[str],
    function: Callable[..., float],
    images: np.ndarray | None = None,
) -> Estimate | None:
    if not all(variants):
        return None
    tables = [
        np.array([table_of(trainings, column) for column in columns]) for trainings in variants
    ]
    complete = np.all([~np.isnan(of_one).any(axis=(0, 1)) for of_one in tables], axis=0)
    if images is not None:
        complete &= images
    if not complete.any():
        return None
    return combined_functions([[*of_one[..., complete]] for of_one in tables], function, weights)


def table_of(trainings: Trainings, column: str) -> np.ndarray:
    """A column of each training's rows, (S, I): a row per seed, a column per image."""
    return np.array([training.rows[column].to_numpy(float) for training in trainings])
