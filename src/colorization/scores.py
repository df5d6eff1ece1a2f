"""The metrics of test images, per image and over all of them."""

import numpy as np
import pandas as pd

from colorization import metrics

# What an image is colorized by: the model, and the floors that a model must beat.
MODEL, GRAY, MEAN_AB = "model", "gray", "mean_ab"
FLOORS = (GRAY, MEAN_AB)
COLORIZERS = (MODEL, *FLOORS)


def score(truth_rgb: np.ndarray, truth_ab: np.ndarray, rgb: np.ndarray, ab: np.ndarray) -> dict:
    """All metrics of one colorized image.

    Parameters
    ----------
    truth_rgb, rgb : (H, W, 3) uint8 arrays
    truth_ab, ab : (H, W, 2) float arrays

    Returns
    -------
    dict of str to float
        Keyed by the metric's name.
    """
    return {
        "psnr_rgb_db": metrics.psnr_rgb_db(truth_rgb, rgb),
        "ssim_rgb": metrics.ssim_rgb(truth_rgb, rgb),
        "mse_ab": metrics.mse_ab(truth_ab, ab),
    }


def summarize(rows: pd.DataFrame) -> dict:
    """Mean and standard error of each metric over the test images.

    Parameters
    ----------
    rows : DataFrame
        A row per image, as `evaluation.evaluate` yields them.

    Returns
    -------
    dict
        For each colorizer: each metric's mean and, under "metric_se", its standard error, None
        where it is not defined; infinite values, from images met exactly, are left out and counted
        under "exact". Under "model_over": for each floor, mean and standard error of the model's
        PSNR less the floor's, over the images that neither meets exactly. Beside them the number
        of "images".
    """
    summary: dict = {"images": len(rows)}
    for colorizer in COLORIZERS:
        columns = rows.filter(regex=f"^{colorizer}_")
        finite = columns.where(np.isfinite(columns))
        figures: dict[str, float | None] = {}
        for column in columns.columns:
            metric = str(column).removeprefix(f"{colorizer}_")
            figures |= _mean_and_error(metric, finite[column])
        figures["exact"] = int(np.isinf(columns[f"{colorizer}_psnr_rgb_db"]).sum())
        summary[colorizer] = figures
    # Floors meet grey photographs exactly, so the means above are not over the same images.
    psnr = {name: rows[f"{name}_psnr_rgb_db"].replace(np.inf, np.nan) for name in COLORIZERS}
    summary["model_over"] = {
        floor: _mean_and_error("psnr_rgb_db", psnr[MODEL] - psnr[floor]) for floor in FLOORS
    }
    return summary


def _mean_and_error(metric: str, values: pd.Series) -> dict[str, float | None]:
    """Mean and standard error of independent values, those that are missing left out."""
    known = values.dropna().to_numpy()
    return {
        metric: float(known.mean()) if len(known) else None,
        f"{metric}_se": float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else None,
    }
