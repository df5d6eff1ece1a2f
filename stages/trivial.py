"""Stage `trivial`: the test split, in gray and in the training images' mean color -> scores.

test_images.csv    a row per test image
small_regions.npy  masks of each test image's small regions, (N, H, W) bool
"""

from pathlib import Path

from _stage import run
from colorization.color.statistics import ColorStatistics
from colorization.core.files import atomic_folder
from colorization.core.settings import Download
from colorization.dataset import arrays
from colorization.scoring.regions import finder
from colorization.scoring.trivial import score_trivial, write_trivial


def main(params: Path, arrays_folder: Path, colors: Path, out: Path) -> None:
    test = arrays.read(arrays_folder / "test")
    trivial = score_trivial(test, ColorStatistics.read(colors), finder(Download.load(params)))
    with atomic_folder(out) as folder:
        write_trivial(trivial, folder)


if __name__ == "__main__":
    run(main)
