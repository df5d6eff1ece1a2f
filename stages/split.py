"""Stage `split`: the raw archive -> the split into training, validation and test images."""

from _paths import ARCHIVE, PARAMS, SPLIT
from _stage import run
from colorization.core.files import atomic_write
from colorization.core.settings import Split
from colorization.core.tables import write_table
from colorization.photos.split import split_archive


def main() -> None:
    table = split_archive(ARCHIVE, Split.load(PARAMS))
    with atomic_write(SPLIT) as partial:
        write_table(table, partial)


if __name__ == "__main__":
    run(main)
