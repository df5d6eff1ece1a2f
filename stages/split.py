"""Stage `split`: the raw archive -> which image serves for what."""

import csv
from pathlib import Path

from _stage import run
from colorization.core.files import whole_file
from colorization.dataset.split import split_archive
from colorization.settings.split import Split


def main(params: Path, archive: Path, out: Path) -> None:
    table = split_archive(archive, Split.load(params))
    with whole_file(out) as partial:
        # Quoted, since a name may hold a line break, which pandas would not quote in every Python.
        table.to_csv(partial, index=False, quoting=csv.QUOTE_NONNUMERIC)


if __name__ == "__main__":
    run(main)
