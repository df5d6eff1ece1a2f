"""Stage `colours`: the training images' ab -> which colours occur, and how often.

ab_bins.csv    pixels by colour: weights for the rebalanced metric and the objective colour_bins
mean_ab.json   the mean colour: a and b, in the network's units
"""

from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset import arrays
from colorization.dataset.colours import count_colours


def main(arrays_folder: Path, out: Path) -> None:
    colours = count_colours(arrays.read(arrays_folder / "train").ab)
    with whole_folder(out) as folder:
        colours.write(folder)


if __name__ == "__main__":
    run(main)
