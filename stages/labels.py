"""Stage `labels`: what is on each photograph, and the mean color of each label.

labels.csv        a row for each label of a photograph; none without labels
label_colors.csv  a row for each subset of the training photographs: their number and mean color
"""

from _paths import DOWNLOADS, LAB, LABEL_COLORS, LABELS, PARAMS
from _stage import run
from colorization.core.files import atomic_write
from colorization.core.settings import Download
from colorization.core.splits import SPLITS
from colorization.core.tables import write_table
from colorization.dataset import arrays
from colorization.labels import subsets
from colorization.labels.reading import read_labels


def main() -> None:
    numbers = read_labels(Download.load(PARAMS).labels, DOWNLOADS)
    photographs = {split: arrays.read(LAB / split) for split in SPLITS}
    table = subsets.join(numbers, [name for split in SPLITS for name in photographs[split].names])
    train = photographs["train"]
    colors = subsets.mean_colors(subsets.subsets(table), train.names, train.ab)
    for content, path in ((table, LABELS), (colors, LABEL_COLORS)):
        with atomic_write(path) as partial:
            write_table(content, partial)


if __name__ == "__main__":
    run(main)
