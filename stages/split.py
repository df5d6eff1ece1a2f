"""Stage `split`: the raw archive -> the split into training, validation and test images."""

from pathlib import Path

from _stage import run
from colorization.core.files import atomic_write
from colorization.core.settings import Split
from colorization.core.tables import write_table
from colorization.photos.split import split_archive


def main(params: Path, archive: Path, out: Path) -> None:
    table = split_archive(archive, Split.load(params))
    with atomic_write(out) as partial:
        write_table(table, partial)


if __name__ == "__main__":
    run(main)
