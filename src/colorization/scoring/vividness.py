"""Scores and images of a model at the positions of its dial."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.tables import read_table, write_table
from colorization.scoring.summary import PSNR, TRIVIAL, Score, mean_and_error, ratio_and_error

SHOWN = np.linspace(0, 1, 5)
DIFFERENCE, COLORFULNESS = "ciede2000_mean", "colorfulness"
KEYS = (PSNR, DIFFERENCE, COLORFULNESS)  # the metrics that are measured along the dial


@dataclass(frozen=True)
class Dial:
    """Scores and images along a dial.

    Attributes
    ----------
    scores : DataFrame
        A row per position: "vividness", then the means over the test images and, with "_se", their
        standard errors. For colorfulness, the sum over the images divided by that over the
        photographs.
    images : (S, len(SHOWN), H, W, 3) uint8 array
        Some of the test images at the positions `SHOWN`.
    default : float
        The position that the model takes if none is given.
    """

    scores: pd.DataFrame
    images: np.ndarray
    default: float


def summarize_sweep(
    positions: np.ndarray, measured: np.ndarray, rows: pd.DataFrame
) -> pd.DataFrame:
    """Summarize the scores of the images; see `Dial.scores`.

    Parameters
    ----------
    positions : (P,) float array
        Positions of the dial.
    measured : (N, P, 3) float array
        Each image's metrics, in the order of `KEYS`.
    rows : DataFrame
        The trivial' rows of the same images; see `TrivialScores.rows`.
    """
    table = []
    for index, position in enumerate(positions):
        psnr, difference, colorfulness = (
            pd.Series(each, index=rows.index) for each in measured[:, index].T
        )
        scores = {
            f"psnr_gain_over_{floor}_db": mean_and_error(psnr - rows[f"{floor}_{PSNR}"])
            for floor in TRIVIAL
        }
        scores[DIFFERENCE] = mean_and_error(difference)
        scores["colorfulness_ratio"] = ratio_and_error(colorfulness, rows[COLORFULNESS])
        table.append({"vividness": position} | _flat(scores))
    return pd.DataFrame(table)


def write_sweep(dial: Dial, folder: Path) -> None:
    """Write vividness.csv, vividness.npy and vividness.json."""
    write_table(dial.scores, folder / "vividness.csv")
    np.save(folder / "vividness.npy", dial.images)
    default = json.dumps({"default": dial.default})
    (folder / "vividness.json").write_text(default + "\n", encoding="utf-8")


def read_sweep(folder: Path) -> Dial | None:
    """Read what `write_sweep` wrote; None where the model has no dial."""
    if not (folder / "vividness.csv").exists():
        return None
    return Dial(
        read_table(folder / "vividness.csv"),
        np.load(folder / "vividness.npy", allow_pickle=False),
        **json.loads((folder / "vividness.json").read_text(encoding="utf-8")),
    )


def _flat(scores: dict[str, Score]) -> dict[str, float | None]:
    return {
        name: value
        for key, score in scores.items()
        for name, value in ((key, score.value), (f"{key}_se", score.error))
    }
