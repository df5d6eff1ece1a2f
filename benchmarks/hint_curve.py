r"""Score a model that takes hints after 0, 1, 3, 10 and 30 of them.

Test photographs are colorized by a model directory, which is given random patches of their true
colors, as in training; nearly gray photographs are left out, as in an evaluation. Then each gets
one hint of another color instead, that of a random place in the next photograph. CIEDE2000 at the
hints is between the color that they ask for, at the L of their place, and the result. Prints a
Markdown table, with standard errors over the photographs, and draws error removed.

    python benchmarks/hint_curve.py --model models/efficientnet_unet-1 --data data \
        --figure hints.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skimage.color import deltaE_ciede2000

import turns
from colorization.color import color_metrics, lab
from colorization.color.lab import chroma_of
from colorization.color.similarity import psnr_rgb_db
from colorization.color.statistics import ColorStatistics
from colorization.core.settings import Evaluate
from colorization.dataset import arrays
from colorization.dataset.examples import evenly_spaced
from colorization.networks.classification import halve
from colorization.networks.hints import SCALE
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.scoring.summary import mean_with_se, ratio_with_se
from colorization.training.hints import patches

PARAMS = Path(__file__).resolve().parent.parent / "params.yaml"
COUNTS = (0, 1, 3, 10, 30)
ANOTHER = "1 of another color"
BATCH = 16  # photographs


def main(model: Path, data: Path, images: int, figure: Path | None) -> None:
    adjustable = AdjustableModel.of(load_model(model))
    if adjustable is None:
        raise SystemExit(f"{model} has no vividness")
    constant = ColorStatistics.read(data / "colors").mean_ab
    rgb, ab = colorful_photographs(data, images)
    print(f"{turns.machine()}\n\n{len(rgb)} test photographs, {rgb.shape[1]} px\n", flush=True)
    measured = {
        str(count): measure(adjustable, rgb, ab, true_hints(ab, count), constant)
        for count in COUNTS
    }
    measured[ANOTHER] = measure(adjustable, rgb, ab, hints_of_the_next(ab), constant)
    rows = {name: summarize(scores) for name, scores in measured.items()}
    print(pd.DataFrame(rows).T.rename_axis("hints").to_markdown(disable_numparse=True))
    if figure:
        draw({count: error_removed(measured[str(count)]) for count in COUNTS}, figure)


def colorful_photographs(data: Path, images: int) -> tuple[np.ndarray, np.ndarray]:
    """The pixels and true ab of test photographs that are not nearly gray, evenly spaced."""
    test = arrays.read(data / "lab" / "test")
    chroma = np.array([chroma_of(ab.astype(np.float32)).mean() for ab in test.ab])
    colorful = np.flatnonzero(chroma >= Evaluate.load(PARAMS).min_chroma)
    rgb = test.rgb[colorful[evenly_spaced(len(colorful), images)]]
    return rgb, lab.rgb_to_lab(rgb)[1]


def true_hints(ab: np.ndarray, count: int) -> np.ndarray:
    """Random hints, the same in each run, of true colors."""
    return np.stack(
        [
            patches(image, count, np.random.default_rng([count, index]))
            for index, image in enumerate(halve(ab))
        ]
    )


def hints_of_the_next(ab: np.ndarray) -> np.ndarray:
    """One random hint for each photograph, of the color that the next one has in another place."""
    hints, others = true_hints(ab, 1), np.roll(true_hints(ab[:, ::-1], 1), 1, axis=0)
    for hint, other in zip(hints, others, strict=True):
        hint[hint[..., 2] == 1] = other[other[..., 2] == 1][0]
    return hints


def measure(
    adjustable: AdjustableModel,
    rgb: np.ndarray,
    ab: np.ndarray,
    hints: np.ndarray,
    constant: np.ndarray,
) -> pd.DataFrame:
    """Colorize photographs with hints, and compare each with the truth and with its hints."""
    rows = []
    for start in range(0, len(rgb), BATCH):
        batch = slice(start, start + BATCH)
        L, _ = lab.rgb_to_lab(rgb[batch])
        logits = adjustable.logits_model.predict_on_batch([L, hints[batch]])
        least = adjustable.decode(logits, 0.0)
        shown = adjustable.decode(logits, adjustable.default)
        rows += [
            {
                "squared error": np.square(ab[index] - least[index - start]).mean(),
                "constant": np.square(ab[index] - constant).mean(),
                **compare(rgb[index], shown[index - start], hints[index]),
            }
            for index in range(*batch.indices(len(rgb)))
        ]
    return pd.DataFrame(rows)


def compare(rgb: np.ndarray, ab: np.ndarray, hints: np.ndarray) -> dict[str, float]:
    """Compare one result with the photograph, and with what its hints ask for."""
    L, true_ab = lab.rgb_to_lab(rgb)
    result = lab.lab_to_rgb(L, ab)
    large = hints.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    hinted = large[..., 2] == 1
    asked, got = (
        lab.to_cie(*lab.rgb_to_lab(image)) for image in (lab.lab_to_rgb(L, large[..., :2]), result)
    )
    truth = lab.to_cie(L, true_ab)
    return {
        "PSNR": psnr_rgb_db(rgb, result),
        "CIEDE2000": color_metrics.ciede2000_mean(truth, got),
        "at the hints": deltaE_ciede2000(asked, got)[hinted].mean() if hinted.any() else np.nan,
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="model directory")
    parser.add_argument("--data", type=Path, default=Path("data"), help="with lab/ and colors/")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--figure", type=Path, help="PNG to draw")
    main(**vars(parser.parse_args()))
