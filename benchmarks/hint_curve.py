r"""Score a packaged model after 0, 1, 3, 10 and 30 hints.

Cached test photographs get hints of random places, of the mean color that the place has; nearly
gray photographs are left out, as in an evaluation. Then each gets one hint of another color
instead, that of a random place in the next photograph. CIEDE2000 at the hints is between the color
that they ask for, at the L of their place, and the result. Prints a Markdown table, with standard
errors over the photographs, and draws error removed.

    python benchmarks/hint_curve.py --model models/chosen --data data --figure hints.png
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skimage.color import deltaE_ciede2000

import turns
from arguments import build_parser
from colorization.color import color_metrics, lab
from colorization.color.similarity import psnr_rgb_db
from colorization.color.statistics import ColorStatistics
from colorization.colorizing.colorizer import Colorizer, load
from colorization.colorizing.hints import Hint, pixel_at
from colorization.colorizing.prepared import Prepared
from colorization.core.settings import Evaluate
from colorization.dataset import arrays
from colorization.dataset.examples import evenly_spaced
from colorization.scoring.summary import mean_with_se, ratio_with_se

PARAMS = Path(__file__).resolve().parent.parent / "params.yaml"
COUNTS = (0, 1, 3, 10, 30)
ANOTHER = "1 of another color"
SCALE = 2  # of L over the predicted distributions


def main(model: Path | None, data: Path, split: str, images: int, figure: Path | None) -> None:
    colorizer = load(model)
    constant = ColorStatistics.read(data / "colors").mean_ab
    rgb = colorful_photographs(data, split, images)
    side = rgb.shape[1]
    print(f"{turns.machine('onnxruntime')}\n\n{len(rgb)} {split} photographs, {side} px\n")
    places = np.random.default_rng(1).integers(side, size=(len(rgb), max(COUNTS), 2)).tolist()
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in (*map(str, COUNTS), ANOTHER)}
    for index, (image, those) in enumerate(zip(rgb, places, strict=True)):
        hints = [hint_at(image, x, y) for x, y in those]
        (x, y), color = those[0], hint_at(rgb[index - 1], *those[1]).color
        L, _ = lab.rgb_to_lab(image)
        prepared = Prepared(L, None, (side, side))
        (predicted,) = colorizer.predict([prepared])
        given = {str(count): hints[:count] for count in COUNTS} | {ANOTHER: [Hint(x, y, color)]}
        for name, some_hints in given.items():
            scores = measure(colorizer, image, prepared, predicted, some_hints, constant)
            rows[name].append(scores)
    measured = {name: pd.DataFrame(scores) for name, scores in rows.items()}
    table = {name: summarize(scores) for name, scores in measured.items()}
    print(pd.DataFrame(table).T.rename_axis("hints").to_markdown(disable_numparse=True))
    if figure:
        draw({count: error_removed(measured[str(count)]) for count in COUNTS}, figure)


def colorful_photographs(data: Path, split: str, images: int) -> np.ndarray:
    """Photographs that are not nearly gray, evenly spaced, (N, H, W, 3) uint8."""
    photographs = arrays.read(data / "lab" / split)
    colorful = np.flatnonzero(photographs.mean_chroma() >= Evaluate.load(PARAMS).min_chroma)
    return np.array(photographs.rgb[colorful[evenly_spaced(len(colorful), images)]])


def hint_at(rgb: np.ndarray, x: int, y: int) -> Hint:
    """A hint of the mean color of its place."""
    red, green, blue = rgb[place_of(x, y, len(rgb))].mean(axis=(0, 1)).round().astype(int).tolist()
    return Hint(x, y, (red, green, blue))


def place_of(x: float, y: float, side: int) -> tuple[slice, slice]:
    """The pixels of a hint's place in a square photograph."""
    small = side // SCALE
    row, column = (SCALE * index for index in pixel_at(x, y, (side, side), (small, small, 1)))
    return slice(row, row + SCALE), slice(column, column + SCALE)


def measure(
    colorizer: Colorizer,
    rgb: np.ndarray,
    prepared: Prepared,
    predicted: np.ndarray,
    hints: Sequence[Hint],
    constant: np.ndarray,
) -> dict[str, float]:
    """Compare a photograph that is colorized with hints with the truth, and with its hints."""
    L, true_ab = lab.rgb_to_lab(rgb)
    hinted = colorizer.apply_hints(predicted, prepared, hints)
    result = lab.lab_to_rgb(L, colorizer.decode(hinted))
    truth, actual = lab.to_cie(L, true_ab), lab.to_cie(*lab.rgb_to_lab(result))
    at_hints = []
    for hint in hints:
        place = place_of(hint.x, hint.y, len(rgb))
        _, ab = lab.rgb_to_lab(np.array([[hint.color]], np.uint8))
        asked = lab.to_cie(*lab.rgb_to_lab(lab.lab_to_rgb(L[place], ab)))
        at_hints.append(deltaE_ciede2000(asked, actual[place]).mean())
    return {
        "squared error": float(np.square(true_ab - colorizer.decode(hinted, 0.0)).mean()),
        "constant": float(np.square(true_ab - constant).mean()),
        "PSNR": psnr_rgb_db(rgb, result),
        "CIEDE2000": color_metrics.ciede2000_mean(truth, actual),
        "at the hints": float(np.mean(at_hints)) if hints else np.nan,
    }


def error_removed(measured: pd.DataFrame) -> tuple[float, float]:
    """How much of the constant color's squared error is gone, and its standard error, percent."""
    ratio = ratio_with_se(measured["squared error"], measured["constant"])
    return 100 * (1 - (ratio.value or 0)), 100 * (ratio.se or 0)


def summarize(measured: pd.DataFrame) -> dict[str, str]:
    """Means with standard errors."""
    error = "{:.1f} ± {:.1f}".format(*error_removed(measured))
    row = {"error removed at vividness 0, %": error}
    for column, title in {
        "PSNR": "PSNR at the default, dB",
        "CIEDE2000": "CIEDE2000 at the default",
        "at the hints": "CIEDE2000 at the hints",
    }.items():
        score = mean_with_se(measured[column])
        row[title] = "" if score.value is None else f"{score.value:.2f} ± {score.se:.2f}"
    return row


def draw(curve: dict[int, tuple[float, float]], path: Path) -> None:
    """Draw error removed over the number of hints, with 95% intervals."""
    values, errors = np.array(list(curve.values())).T
    figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
    axes.errorbar(list(curve), values, 1.96 * errors, marker="o", capsize=3)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xticks(list(curve), [str(count) for count in curve])
    axes.set_xlabel("hints, of random places")
    axes.set_ylabel("error removed, %")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--model", type=Path, help="package; default: the released model")
    parser.add_argument("--data", type=Path, default=Path("data"), help="with lab/ and colors/")
    parser.add_argument("--split", default="test", choices=["test", "validation"])
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--figure", type=Path, help="PNG to draw")
    main(**vars(parser.parse_args()))
