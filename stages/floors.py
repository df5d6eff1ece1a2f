"""Stage `floors`: the test split, in gray and in the training images' mean color -> scores.

test_images.csv   a row per test image
small_parts.npy   masks of each test image's small parts, (N, H, W) bool
"""

from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset import arrays
from colorization.dataset.colors import Colors
from colorization.scoring.floors import score_floors, write_floors
from colorization.scoring.regions import finder
from colorization.settings.download import Download


def main(params: Path, arrays_folder: Path, colors: Path, out: Path) -> None:
    test = arrays.read(arrays_folder / "test")
    floors = score_floors(test, Colors.read(colors), finder(Download.load(params)))
    with whole_folder(out) as folder:
        write_floors(floors, folder)


if __name__ == "__main__":
    run(main)
