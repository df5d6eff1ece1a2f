"""The vividness sweep: a model's scores and sample images over its range of vividness."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.tables import read_table, write_table
from colorization.scoring.metrics import ImageScores
from colorization.scoring.summary import (
    PSNR,
    TRIVIAL,
    Score,
    mean_with_se,
    ratio_with_se,
)

DISPLAYED = np.linspace(0, 1, 5)  # operating points of the sample images
DIFFERENCE, COLORFULNESS = "ciede2000_mean", "colorfulness"
KEYS = (PSNR, DIFFERENCE, COLORFULNESS)  # the metrics that are computed


@dataclass(frozen=True)
class VividnessSweep:
    """Scores and images at several operating points.

    Attributes
    ----------
    scores : DataFrame
        A row per operating point: "vividness", the means over the test images and, with "_se",
        their standard errors. Colorfulness is the sum over the colorized images divided by the sum
        over the photographs.
    images : (S, len(DISPLAYED), H, W, 3) uint8 array
        Sample test images at the operating points `DISPLAYED`.
    default : float
        The model's default vividness.
    """

    scores: pd.DataFrame
    images: np.ndarray
    default: float


def summarize_sweep(
    vividness: np.ndarray, scores: Sequence[Sequence[ImageScores]], baselines: pd.DataFrame
) -> pd.DataFrame:
    """Summarize the scores of all images; see `VividnessSweep.scores`.

    Parameters
    ----------
    vividness : (P,) float array
        The operating points.
    scores : sequence of N sequences of P dicts
        Each image's metrics `KEYS` at each operating point.
    baselines : DataFrame
        `TrivialScores.rows` of the same images.
    """
    table = []
    for value, column in zip(vividness, zip(*scores, strict=True), strict=True):
        model = pd.DataFrame(list(column), index=baselines.index, dtype=float)
        summary = {
            f"psnr_gain_over_{name}_db": mean_with_se(model[PSNR] - baselines[f"{name}_{PSNR}"])
            for name in TRIVIAL
        }
        summary[DIFFERENCE] = mean_with_se(model[DIFFERENCE])
        summary["colorfulness_ratio"] = ratio_with_se(model[COLORFULNESS], baselines[COLORFULNESS])
        table.append({"vividness": value} | _flat(summary))
    return pd.DataFrame(table)


def write_sweep(sweep: VividnessSweep, folder: Path) -> None:
    """Write vividness.csv, vividness.npy and vividness.json."""
    write_table(sweep.scores, folder / "vividness.csv")
    np.save(folder / "vividness.npy", sweep.images)
    default = json.dumps({"default": sweep.default})
    (folder / "vividness.json").write_text(default + "\n", encoding="utf-8")


def read_sweep(folder: Path) -> VividnessSweep | None:
    """Read what `write_sweep` wrote; None if the model has no adjustable vividness."""
    if not (folder / "vividness.csv").exists():
        return None
    return VividnessSweep(
        read_table(folder / "vividness.csv"),
        np.load(folder / "vividness.npy", allow_pickle=False),
        **json.loads((folder / "vividness.json").read_text(encoding="utf-8")),
    )


def _flat(scores: dict[str, Score]) -> dict[str, float | None]:
    return {
        name: value
        for key, score in scores.items()
        for name, value in ((key, score.value), (f"{key}_se", score.se))
    }
