"""Stage `colors`: the training images' ab -> the frequency of each color, and the mean color.

ab_bins.csv    pixels by color: weights for the rebalanced metric and for classification
mean_ab.json   the mean color: a and b, in the network's units
"""

from _paths import COLORS, LAB
from _stage import run
from colorization.color.statistics import count_colors
from colorization.core.files import atomic_folder
from colorization.dataset import arrays


def main() -> None:
    colors = count_colors(arrays.read(LAB / "train").ab)
    with atomic_folder(COLORS) as folder:
        colors.write(folder)


if __name__ == "__main__":
    run(main)
