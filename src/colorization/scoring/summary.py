"""The metrics of all test images together: means with their standard errors."""

import numpy as np
import pandas as pd

# What an image is colorized by: the model, and the floors that a model must beat.
MODEL, GRAY, MEAN_AB = "model", "gray", "mean_ab"
FLOORS = (GRAY, MEAN_AB)
COLORIZERS = (MODEL, *FLOORS)

# Averaged over the images.
MEANS = (
    "psnr_rgb_db",
    "ssim_rgb",
    "ciede2000_mean",
    "auc_ab_percent",
    "auc_ab_rebalanced_percent",
    "mse_ab",
    "psnr_vs_gray_db",
    "ssim_vs_gray",
    "ab_error_small_parts",
    "ab_error_large_parts",
)

# Not every image has these: the PSNR of equal images is infinite, and parts may be missing.
SOMETIMES_MISSING = (
    "psnr_rgb_db",
    "psnr_vs_gray_db",
    "ab_error_small_parts",
    "ab_error_large_parts",
)


def summarize(rows: pd.DataFrame) -> dict:
    """Mean and standard error of each metric over the test images.

    Parameters
    ----------
    rows : DataFrame
        A row per image, as `evaluation.evaluate` returns them.

    Returns
    -------
    dict
        For each colorizer: each metric's mean and, under "metric_se", its standard error, None
        where it is not defined; the images that are left out of a mean because they have no such
        value are counted under "metric_left_out". "colourfulness_ratio" is
        the sum of the colorized images' colourfulness over that of the photographs: a mean of
        ratios would hang on the photographs that are nearly grey. Under "model_over": for each
        floor, mean and standard error of the model's PSNR less the floor's, over the images that
        neither meets exactly. Beside them the number of "images".
    """
    summary: dict = {"images": len(rows)}
    for colorizer in COLORIZERS:
        figures: dict[str, float | None] = {}
        for metric in MEANS:
            values = rows[f"{colorizer}_{metric}"].astype(float)
            figures |= mean_and_error(metric, values)
            if metric in SOMETIMES_MISSING:
                figures[f"{metric}_left_out"] = int(values.isna().sum())
        ratio, error = ratio_and_error(rows[f"{colorizer}_colourfulness"], rows["colourfulness"])
        figures |= {"colourfulness_ratio": ratio, "colourfulness_ratio_se": error}
        summary[colorizer] = figures
    # Floors meet grey photographs exactly, so the means above are not over the same images.
    psnr = {name: rows[f"{name}_psnr_rgb_db"].astype(float) for name in COLORIZERS}
    summary["model_over"] = {
        floor: mean_and_error("psnr_rgb_db", psnr[MODEL] - psnr[floor]) for floor in FLOORS
    }
    return summary


def mean_and_error(metric: str, values: pd.Series) -> dict[str, float | None]:
    """Mean and standard error of independent values, those that are missing left out."""
    known = values.dropna().to_numpy()
    return {
        metric: float(known.mean()) if len(known) else None,
        f"{metric}_se": float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else None,
    }


def ratio_and_error(above: pd.Series, below: pd.Series) -> tuple[float | None, float | None]:
    """Ratio of two sums over independent images, and its standard error.

    References
    ----------
    Cochran: Sampling Techniques (1977), equation 2.39: the error of a ratio estimator, linearized.
    """
    total = float(below.sum())
    if not total > 0:
        return None, None
    ratio = float(above.sum()) / total
    residuals = (above - ratio * below).to_numpy()
    count = len(residuals)
    if count < 2:
        return ratio, None
    return ratio, float(np.sqrt(count * (residuals**2).sum() / (count - 1)) / total)
