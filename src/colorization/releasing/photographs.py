"""Score a packaged model on whole photographs, at their own size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image

from colorization.color import color_metrics, lab, similarity
from colorization.colorizing import originals
from colorization.colorizing.colorizer import Colorizer
from colorization.core.progress import progress_bar
from colorization.scoring.summary import mean_with_se, ratio_with_se

MEASURED = ("psnr", "ciede2000", "colorfulness")
AT_A_TIME = 16  # photographs


def score_photographs(
    colorizer: Colorizer, paths: Sequence[Path], positions: Sequence[float | None]
) -> pd.DataFrame:
    """Colorize photographs and compare them with their own colors, on all cores.

    Parameters
    ----------
    colorizer : Colorizer
    paths : sequence of Path
    positions : sequence of float or None
        Positions of its dial; None takes the default position, or serves a model without a dial.

    Returns
    -------
    DataFrame
        First a row "gray", for the photographs without colors, then a row per position. Columns:
        "psnr_gain_over_gray_db", the mean PSNR in sRGB minus that of the gray photograph; "ciede2000", the
        mean over the photographs of each one's mean over its pixels; "colorfulness", its sum
        divided by that of the photographs; and their standard errors, with "_se".
    """
    measured: list[np.ndarray] = []
    with Parallel(n_jobs=-1) as parallel, progress_bar("scoring photographs", len(paths)) as bar:
        for start in range(0, len(paths), AT_A_TIME):
            some = paths[start : start + AT_A_TIME]
            predicted = colorizer.predict([colorizer.see(path) for path in some])
            ways = (
                [colorizer.turn(each, position) for position in positions] for each in predicted
            )
            measured += parallel(map(delayed(measure_photograph), some, ways))
            bar.update(len(some))
    names = ["default" if position is None else str(position) for position in positions]
    return _summarize(np.stack(measured), ["gray", *names])


def measure_photograph(path: Path, ways: Sequence[np.ndarray]) -> np.ndarray:
    """Measure a photograph, its gray version, and it in each ab of `ways`: (2 + ways, 3)."""
    truth = originals.read_original(path).rgb.convert("RGB")
    gray = np.zeros((1, 1, 2), np.float32)
    return np.array(
        [
            _measure(truth, truth),
            *(_measure(truth, originals.join(truth.copy(), ab)) for ab in (gray, *ways)),
        ]
    )


def _measure(truth: Image.Image, image: Image.Image) -> tuple[float, float, float]:
    """Measure the quantities of `MEASURED`; the PSNR of equal images is infinite."""
    one, other = np.asarray(truth), np.asarray(image)
    in_lab = (lab.to_cie(*lab.rgb_to_lab(each)) for each in (one, other))
    return (
        similarity.psnr_rgb_db(one, other),
        color_metrics.ciede2000_mean(*in_lab),
        color_metrics.colorfulness(other),
    )


def _summarize(measured: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Summarize (N, 2 + ways, 3) measurements; see `score_photographs`."""
    psnr, difference, colorfulness = (
        pd.DataFrame(measured[..., place]) for place in range(len(MEASURED))
    )
    over_gray = psnr.sub(psnr[1], axis=0).replace([np.inf, -np.inf], np.nan)
    rows = []
    for way, name in enumerate(names, start=1):
        scores = {
            "psnr_gain_over_gray_db": mean_with_se(over_gray[way]),
            "ciede2000": mean_with_se(difference[way]),
            "colorfulness": ratio_with_se(colorfulness[way], colorfulness[0]),
        }
        flat = {key: score.value for key, score in scores.items()}
        flat |= {f"{key}_se": score.error for key, score in scores.items()}
        rows.append({"vividness": name} | flat)
    return pd.DataFrame(rows)
