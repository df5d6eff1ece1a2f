"""The vividness sweep: a model's scores and sample images over its range of vividness."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.tables import read_table, write_table
from colorization.scoring.metrics import ImageScores, metric
from colorization.scoring.summary import (
    ERROR_REMOVED,
    MODEL,
    PSNR,
    TRIVIAL,
    Score,
    colorful,
    mean_with_se,
    summarize_metric,
)

DISPLAYED = np.linspace(0, 1, 5)  # operating points of the sample images
DIFFERENCE, COLORFULNESS_RATIO, STAINS = "ciede2000_mean", "colorfulness_ratio", "stains_percent"
KEYS = (PSNR, DIFFERENCE, "colorfulness", "mse_ab", STAINS)  # the measures that are computed
SUMMARIZED = (ERROR_REMOVED, DIFFERENCE, COLORFULNESS_RATIO, STAINS)


@dataclass(frozen=True)
class VividnessSweep:
    """Scores and images over the range of vividness.

    Attributes
    ----------
    scores : DataFrame
        A row per operating point, and for the default: "vividness", the summaries over the
        colorful test images of the metrics `SUMMARIZED`, the gain in PSNR over each baseline and,
        with "_se", their standard errors.
    images : (S, len(DISPLAYED), H, W, 3) uint8 array
        Sample test images at the operating points `DISPLAYED`.
    default : float
        The model's default vividness.
    """

    scores: pd.DataFrame
    images: np.ndarray
    default: float


def summarize_sweep(
    vividness: np.ndarray,
    scores: Sequence[Sequence[ImageScores]],
    baselines: pd.DataFrame,
    min_chroma: float,
) -> pd.DataFrame:
    """Summarize the scores of the colorful images; see `VividnessSweep.scores`.

    Parameters
    ----------
    vividness : (P,) float array
        The operating points.
    scores : sequence of N sequences of P dicts
        Each image's metrics `KEYS` at each operating point.
    baselines : DataFrame
        `TrivialScores.rows` of the same images.
    min_chroma : float
        As in `summary.colorful`.
    """
    table = []
    for value, column in zip(vividness, zip(*scores, strict=True), strict=True):
        model = pd.DataFrame(list(column), index=baselines.index, dtype=float)
        rows = colorful(baselines.join(model.add_prefix(f"{MODEL}_")), min_chroma)
        summary = {key: summarize_metric(rows, metric(key), MODEL) for key in SUMMARIZED}
        summary |= {
            f"psnr_gain_over_{name}_db": mean_with_se(
                rows[f"{MODEL}_{PSNR}"] - rows[f"{name}_{PSNR}"]
            )
            for name in TRIVIAL
        }
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
