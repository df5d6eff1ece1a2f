"""Scores of photographs that are colored in one color, such as the mean color of a label."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def mse_of_color(rows: pd.DataFrame, color: Sequence[float] | np.ndarray) -> pd.Series:
    """MSE of ab of each test photograph, colored in one color.

    Parameters
    ----------
    rows : DataFrame
        "gray_mse_ab", and the photograph's "mean_a" and "mean_b", in the network's units.
    color : (float, float)
        a and b, in the network's units.

    Returns
    -------
    Series
        Exact, since the mean of (x - c)^2 is that of x^2, less 2 c mean(x) - c^2.
    """
    a, b = color
    return (
        rows["gray_mse_ab"] - (2 * (a * rows["mean_a"] + b * rows["mean_b"]) - (a * a + b * b)) / 2
    )
