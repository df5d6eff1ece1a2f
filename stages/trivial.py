"""Stage `trivial`: the photographs in gray and in one constant color -> scores.

test_images.csv    a row per test image
small_regions.npy  masks of each test image's small regions, (N, H, W) bool
truth.npy          the true a*, b* of each test image, (N, 16, 16, 2) float16
validation.json    the MSE of each baseline on the validation split
"""

import json

from _paths import COLORS, LAB, PARAMS, TRIVIAL
from _stage import run
from colorization.color.statistics import ColorStatistics
from colorization.core.files import atomic_folder
from colorization.core.settings import Download
from colorization.dataset import arrays
from colorization.scoring.regions import finder
from colorization.scoring.trivial import (
    VALIDATION,
    score_trivial,
    validation_mse,
    write_trivial,
)


def main() -> None:
    colors = ColorStatistics.read(COLORS)
    scores = score_trivial(arrays.read(LAB / "test"), colors, finder(Download.load(PARAMS)))
    validation = json.dumps(validation_mse(arrays.read(LAB / "validation"), colors), indent=1)
    with atomic_folder(TRIVIAL) as folder:
        write_trivial(scores, folder)
        (folder / VALIDATION).write_text(validation + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
