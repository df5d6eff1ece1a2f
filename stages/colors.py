"""Stage `colors`: the training images' ab -> which colors occur, and how often.

ab_bins.csv    pixels by color: weights for the rebalanced metric and the objective color_bins
mean_ab.json   the mean color: a and b, in the network's units
"""

from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset import arrays
from colorization.dataset.colors import count_colors


def main(arrays_folder: Path, out: Path) -> None:
    colors = count_colors(arrays.read(arrays_folder / "train").ab)
    with whole_folder(out) as folder:
        colors.write(folder)


if __name__ == "__main__":
    run(main)
