"""Labels of the photographs: the subsets that they make, and the colors that they stand for.

A *subset* is the photographs of a label, of one of several labels, or of one kind alone: nature or
objects. The mean color of a subset's training photographs is a trivial baseline of its own: a
network that only recognizes a sea, and paints all of it in one color, does not beat it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError

# The labels of MIRFLICKR-25000 by kind; `night` is of neither.
NATURE = frozenset(
    ("clouds", "flower", "lake", "plant_life", "river", "sea", "sky", "sunset", "tree", "water")
)
OBJECTS = frozenset(
    (
        "animals",
        "baby",
        "bird",
        "car",
        "dog",
        "female",
        "food",
        "indoor",
        "male",
        "people",
        "portrait",
        "structures",
        "transport",
    )
)
NATURE_ONLY, OBJECTS_ONLY = "nature only", "objects only"
VEGETATION = "plant_life or tree"
GROUPS = (NATURE_ONLY, OBJECTS_ONLY, VEGETATION)

IMAGE = re.compile(r"im([0-9]{1,9})\.\w+")

Subsets = dict[str, frozenset[str]]  # names of photographs, by subset


@dataclass(frozen=True)
class Labels:
    """The outputs of the stage `labels`.

    Attributes
    ----------
    table : DataFrame
        As `join` returns it.
    colors : DataFrame
        As `mean_colors` returns it.
    """

    table: pd.DataFrame
    colors: pd.DataFrame


def join(labels: Mapping[str, frozenset[int]], names: Iterable[str]) -> pd.DataFrame:
    """Join labels with photographs by their number in MIRFLICKR-25000: 123 is im123.jpg.

    Parameters
    ----------
    labels : dict of str to frozenset of int
        As `labels.reading.read_labels`.
    names : iterable of str
        The photographs' names in the archive.

    Returns
    -------
    DataFrame
        "name" and "label": a row for each label of a photograph, sorted. Empty without labels.

    Raises
    ------
    ColorizationError
        If there are labels, but none is of these photographs.
    """
    numbers = {name: _number(name) for name in sorted(names)}
    rows = [
        (name, label)
        for name, number in numbers.items()
        for label in sorted(labels)
        if number in labels[label]
    ]
    if labels and not rows:
        named = any(numbers.values())
        raise ColorizationError(
            "download.labels must be none for these photographs: labels number those of "
            "MIRFLICKR-25000, im1.jpg to im25000.jpg, and none of the "
            f"{len(numbers):,} {'has a number with a label' if named else 'has such a name'}"
        )
    return pd.DataFrame(rows, columns=["name", "label"], dtype=str)


def _number(name: str) -> int | None:
    match = IMAGE.fullmatch(PurePosixPath(name).name)
    return int(match[1]) if match else None


def subsets(table: pd.DataFrame) -> Subsets:
    """The photographs of each label, and of each of `GROUPS`, if there are any.

    A photograph of nature only has a label of `NATURE` and none of `OBJECTS`; one of objects only
    the reverse.

    Parameters
    ----------
    table : DataFrame
        As `join` returns it.

    Returns
    -------
    dict of str to frozenset of str
        The names of the photographs: the groups first, then the labels in alphabetical order.
        Empty without labels.
    """
    labels = {str(label): frozenset(names) for label, names in table.groupby("label")["name"]}

    def any_of(kind: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(labels.get(label, ()) for label in kind))

    nature, objects = any_of(NATURE), any_of(OBJECTS)
    vegetation = any_of(("plant_life", "tree"))
    groups = zip(GROUPS, (nature - objects, objects - nature, vegetation), strict=True)
    return {name: photographs for name, photographs in groups if photographs} | labels


def mean_colors(
    members: Subsets, names: Sequence[str], ab: np.ndarray | Sequence[np.ndarray]
) -> pd.DataFrame:
    """The mean color of each subset's training photographs, over all their pixels.

    Parameters
    ----------
    members : dict of str to frozenset of str
        As `subsets` returns it.
    names : sequence of str
        Of the N training photographs.
    ab : (N, H, W, 2) array
        In the network's units; may be memory-mapped.

    Returns
    -------
    DataFrame
        "subset"; "photographs", the number of training photographs; "mean_a" and "mean_b", in the
        network's units. Subsets without training photographs have no row.
    """
    if not members:
        means = np.empty((0, 2))
    else:
        means = np.array([image.mean(axis=(0, 1), dtype=np.float64) for image in ab])
    rows = []
    for subset, photographs in members.items():
        inside = np.array([name in photographs for name in names], bool)
        if inside.any():
            rows.append((subset, int(inside.sum()), *means[inside].mean(axis=0)))
    return pd.DataFrame(rows, columns=["subset", "photographs", "mean_a", "mean_b"])
