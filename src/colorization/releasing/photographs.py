"""Score a packaged model on uncropped photographs, in full size, or compare it with another."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image

from colorization.color import color_metrics, lab, similarity
from colorization.colorizing import originals
from colorization.colorizing.borders import Picture
from colorization.colorizing.colorizer import Colorizer
from colorization.core.progress import progress_bar
from colorization.scoring.summary import mean_with_se, ratio_with_se

MEASURED = ("psnr", "ciede2000", "colorfulness")
BATCH = 16  # photographs


def score_photographs(
    colorizer: Colorizer, paths: Sequence[Path], sweep: Sequence[float | None]
) -> pd.DataFrame:
    """Colorize photographs and compare the results with the originals, on all cores.

    Parameters
    ----------
    colorizer : Colorizer
    paths : sequence of Path
    sweep : sequence of float or None
        The vividness of each result; None for the model's default, or for a model without one.

    Returns
    -------
    DataFrame
        A row "gray", for the photographs without colors, then a row per vividness. Columns:
        "psnr_gain_over_gray_db", the mean PSNR in sRGB minus that of the gray photograph;
        "ciede2000", the mean over the photographs of the mean over the pixels; "colorfulness",
        the sum over the results divided by that over the photographs; their standard errors,
        "..._se".
    """
    measured: list[np.ndarray] = []
    with Parallel(n_jobs=-1) as parallel, progress_bar("scoring photographs", len(paths)) as bar:
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            inputs = [colorizer.prepare_input(path) for path in batch]
            ab = (
                [colorizer.decode(output, vividness) for vividness in sweep]
                for output in colorizer.predict(inputs)
            )
            pictures = [prepared.picture for prepared in inputs]
            measured += parallel(map(delayed(measure_photograph), batch, ab, pictures))
            bar.update(len(batch))
    names = ["default" if vividness is None else str(vividness) for vividness in sweep]
    return _summarize(np.stack(measured), ["gray", *names])


def largest_change(one: Colorizer, other: Colorizer, paths: Sequence[Path]) -> float:
    """Return the largest mean absolute difference, of 255, of a photograph's two results."""

    def change(path: Path) -> float:
        results = (np.asarray(colorizer(path)).astype(float) for colorizer in (one, other))
        return float(np.abs(np.subtract(*results)).mean())

    return max(Parallel(n_jobs=-1, prefer="threads")(map(delayed(change), paths)))


def measure_photograph(
    path: Path, predictions: Sequence[np.ndarray], picture: Picture | None
) -> np.ndarray:
    """Measure a photograph under several ab.

    Parameters
    ----------
    path : Path
    predictions : sequence of P (H, W, 2) float32 arrays
        CIE a*, b* / AB_SCALE, of any size.
    picture : Picture or None
        What of the photograph they are of; None for all of it.

    Returns
    -------
    (2 + P, 3) float array
        The quantities of `MEASURED`, for the photograph itself, in gray, and with each prediction.
    """
    truth = originals.read_original(path).rgb.convert("RGB")
    gray = np.zeros((1, 1, 2), np.float32)
    return np.array(
        [
            _measure(truth, truth),
            *(
                _measure(truth, originals.join(truth.copy(), ab, picture))
                for ab in (gray, *predictions)
            ),
        ]
    )


def _measure(truth: Image.Image, image: Image.Image) -> tuple[float, float, float]:
    """Measure the quantities of `MEASURED`; the PSNR of equal images is infinite."""
    expected, actual = np.asarray(truth), np.asarray(image)
    cie = (lab.to_cie(*lab.rgb_to_lab(rgb)) for rgb in (expected, actual))
    return (
        similarity.psnr_rgb_db(expected, actual),
        color_metrics.ciede2000_mean(*cie),
        color_metrics.colorfulness(actual),
    )


def _summarize(measured: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Summarize (N, 2 + P, 3) measurements; see `score_photographs`."""
    psnr, ciede2000, colorfulness = (
        pd.DataFrame(measured[..., index]) for index in range(len(MEASURED))
    )
    gain = psnr.sub(psnr[1], axis=0).replace([np.inf, -np.inf], np.nan)
    rows = []
    for column, name in enumerate(names, start=1):
        scores = {
            "psnr_gain_over_gray_db": mean_with_se(gain[column]),
            "ciede2000": mean_with_se(ciede2000[column]),
            "colorfulness": ratio_with_se(colorfulness[column], colorfulness[0]),
        }
        flat = {key: score.value for key, score in scores.items()}
        flat |= {f"{key}_se": score.se for key, score in scores.items()}
        rows.append({"vividness": name} | flat)
    return pd.DataFrame(rows)
