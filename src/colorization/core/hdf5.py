"""Validates weights files before Keras loads them; does not import Keras."""

from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np


def check_finite(path: Path) -> None:
    """Refuse a weights file with numbers that are not finite, such as those of a diverged training.

    Raises
    ------
    ValueError
        If a number is not finite.
    Exception
        Any exception of h5py, if the file cannot be read.
    """
    with h5py.File(path, "r") as file:
        datasets: list[h5py.Dataset] = []

        def collect(_: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                datasets.append(item)

        file.visititems(collect)
        numbers = not_finite = 0
        for dataset in datasets:
            values = dataset[()]
            numbers += values.size
            not_finite += values.size - np.count_nonzero(np.isfinite(values))
    if not_finite:
        raise ValueError(f"{not_finite} of {numbers} numbers in {path.name} are not finite")
