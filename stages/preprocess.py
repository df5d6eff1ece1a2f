"""Stage `preprocess`: the raw archive and its split -> cached Lab arrays."""

from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset.preprocessing import preprocess
from colorization.dataset.tables import read_table
from colorization.settings.preprocess import Preprocess


def main(params: Path, archive: Path, split: Path, out: Path) -> None:
    with whole_folder(out) as folder:
        preprocess(archive, read_table(split), Preprocess.load(params), folder)


if __name__ == "__main__":
    run(main)
