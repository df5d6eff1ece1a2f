"""Stage `preprocess`: the raw archive and its split -> cached Lab arrays."""

from pathlib import Path

from _stage import run
from colorization.core.files import atomic_folder
from colorization.core.settings import Preprocess
from colorization.core.tables import read_table
from colorization.photos.preprocessing import preprocess


def main(params: Path, archive: Path, split: Path, out: Path) -> None:
    with atomic_folder(out) as folder:
        preprocess(archive, read_table(split), Preprocess.load(params), folder)


if __name__ == "__main__":
    run(main)
