"""The figure of the README: test photographs, chosen by a rule that shows failures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.colorizing.colorizer import Colorizer
from colorization.core.errors import ColorizationError
from colorization.core.model_records import TrainingRecord
from colorization.labels.subsets import NATURE_ONLY, OBJECTS_ONLY, Subsets
from colorization.pages import pictures
from colorization.pages.pictures import Block
from colorization.releasing.scores import gain
from colorization.scoring.samples import more_colorful
from colorization.scoring.summary import ERROR_REMOVED, GRAY, MODEL, Summary, colorful
from colorization.scoring.vividness import DIFFERENCE

PEOPLE = ("people_r1", "portrait_r1")
QUANTILES = (0.5, 0.1)  # of the gain in CIEDE2000 over gray: a typical photograph, and a poor one


def kinds(subsets: Subsets) -> Subsets:
    """The photographs of nature only, those whose subject are people, and other objects."""
    people = frozenset().union(*(subsets.get(label, ()) for label in PEOPLE))
    return {
        "nature": subsets.get(NATURE_ONLY, frozenset()),
        "people": people,
        "other objects": subsets.get(OBJECTS_ONLY, frozenset()) - people,
    }


def choose(rows: pd.DataFrame, subsets: Subsets, min_chroma: float) -> list[int]:
    """Choose the photographs of the figure: of each kind, those at `QUANTILES` of the gain.

    Only the more colorful half is chosen from: on the others little is to be seen.

    Parameters
    ----------
    rows : DataFrame
        `Evaluation.rows`.
    subsets : dict of str to frozenset of str
        As `subsets.subsets` returns it.
    min_chroma : float
        As in `summary.colorful`.

    Returns
    -------
    list of int
        Their positions in `rows`, kind by kind.

    Raises
    ------
    ColorizationError
        If a kind has too few photographs to tell them apart.
    """
    half = more_colorful(colorful(rows.reset_index(drop=True), min_chroma))
    chosen: list[int] = []
    for kind, names in kinds(subsets).items():
        ranked = gain(half[half["name"].isin(names)]).sort_values(kind="stable").index
        positions = [ranked[round(share * (len(ranked) - 1))] for share in QUANTILES if len(ranked)]
        if len({*chosen, *positions}) < len(chosen) + len(QUANTILES):
            raise ColorizationError(
                f"too few colorful test photographs are labeled as {kind} for the figure"
            )
        chosen += map(int, positions)
    return chosen


def draw(colorizer: Colorizer, default: float, rgb: Sequence[np.ndarray], out: Path) -> None:
    """Draw photographs in gray, colorized at vividness 0, the default and 1, and in true colors.

    Parameters
    ----------
    colorizer : Colorizer
        Of a model with adjustable vividness.
    default : float
        Its default.
    rgb : sequence of (H, W, 3) uint8 arrays
        sRGB, all of one size.
    out : Path
        A PNG.
    """
    rows = {"gray": [colorizer(image, saturation=0) for image in rgb]}
    titles = {0.0: "0", default: f"{default:g} (default)", 1.0: "1"}
    for vividness, title in sorted(titles.items()):
        rows[title] = [colorizer(image, vividness=vividness) for image in rgb]
    images = {title: np.stack([*map(np.asarray, row)]) for title, row in rows.items()}
    pictures.figure([Block("", {**images, "truth": np.stack(rgb)})], out)


def caption(training: TrainingRecord, summary: Summary, default: float) -> str:
    """What the figure shows and how good the model is, in Markdown, on one line.

    Parameters
    ----------
    training : TrainingRecord
    summary : Summary
        Of the evaluation that the photographs were chosen by.
    default : float
        The model's default vividness.
    """
    model, gray = (summary.scores[name][DIFFERENCE].value or 0 for name in (MODEL, GRAY))
    removed = summary.model[ERROR_REMOVED].value or 0
    side = "below" if removed > 0 else "above"
    return (
        "Test photographs of the model of `colorize`, chosen by a rule: of those of nature, of "
        "people and of other objects, each in the more colorful half, the one with the median gain "
        "in CIEDE2000 over gray, then the one at the tenth percentile, a poor one. From the top: "
        f"gray; colorized at vividness 0, {default:g} (the default) and 1; truth. "
        f"`{training.variant}` at {training.image_size} px, trained on "
        f"{training.training_images:,} photographs. At the default, over the "
        f"{summary.images_scored} of {summary.images} test photographs that are not nearly gray, "
        f"CIEDE2000 is {model:.2f} ({gray:.2f} for gray), and the squared error in ab "
        f"{abs(removed):.1f}% {side} that of a constant color."
    )
