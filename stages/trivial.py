"""Stage `trivial`: the test split in gray and in one constant color -> scores.

test_images.csv    a row per test image
small_regions.npy  masks of each test image's small regions, (N, H, W) bool
"""

from _paths import COLORS, LAB, PARAMS, TRIVIAL
from _stage import run
from colorization.color.statistics import ColorStatistics
from colorization.core.files import atomic_folder
from colorization.core.settings import Download
from colorization.dataset import arrays
from colorization.scoring.regions import finder
from colorization.scoring.trivial import score_trivial, write_trivial


def main() -> None:
    test = arrays.read(LAB / "test")
    scores = score_trivial(test, ColorStatistics.read(COLORS), finder(Download.load(PARAMS)))
    with atomic_folder(TRIVIAL) as folder:
        write_trivial(scores, folder)


if __name__ == "__main__":
    run(main)
