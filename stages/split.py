"""Stage `split`: the raw archive -> which image serves for what."""

import csv
from pathlib import Path

from _stage import run
from colorization.files import whole_file
from colorization.params import load_params
from colorization.split import split_archive


def main(params: Path, archive: Path, out: Path) -> None:
    table = split_archive(archive, load_params(params).split)
    with whole_file(out) as partial:
        # Quoted, since a name may hold a line break, which pandas would not quote in every Python.
        table.to_csv(partial, index=False, quoting=csv.QUOTE_NONNUMERIC)


if __name__ == "__main__":
    run(main)
