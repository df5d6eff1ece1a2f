"""Stage `split`: the raw archive -> which image serves for what."""

from pathlib import Path

from _stage import run
from colorization.files import whole_file
from colorization.params import load_params
from colorization.split import split_archive


def main(params: Path, archive: Path, out: Path) -> None:
    table = split_archive(archive, load_params(params).split)
    with whole_file(out) as partial:
        table.to_csv(partial, index=False)


if __name__ == "__main__":
    run(main)
