"""Stage `colors`: the training images' ab -> which colors occur, and how often.

ab_bins.csv    pixels by color: weights for the rebalanced metric and the objective classification
mean_ab.json   the mean color: a and b, in the network's units
"""

from pathlib import Path

from _stage import run
from colorization.color.statistics import count_colors
from colorization.core.files import atomic_folder
from colorization.dataset import arrays


def main(arrays_folder: Path, out: Path) -> None:
    colors = count_colors(arrays.read(arrays_folder / "train").ab)
    with atomic_folder(out) as folder:
        colors.write(folder)


if __name__ == "__main__":
    run(main)
