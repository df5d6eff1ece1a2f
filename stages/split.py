"""Stage `split`: the raw archive -> the split into training, validation and test images."""

from pathlib import Path

from _stage import run
from colorization.core.files import whole_file
from colorization.dataset.split import split_archive
from colorization.dataset.tables import write_table
from colorization.settings.split import Split


def main(params: Path, archive: Path, out: Path) -> None:
    table = split_archive(archive, Split.load(params))
    with whole_file(out) as partial:
        write_table(table, partial)


if __name__ == "__main__":
    run(main)
