"""Stage `preprocess`: the raw archive and its split -> cached Lab arrays."""

from _paths import ARCHIVE, LAB, PARAMS, SPLIT
from _stage import run
from colorization.core.files import atomic_folder
from colorization.core.settings import Preprocess
from colorization.core.tables import read_table
from colorization.photos.preprocessing import preprocess


def main() -> None:
    with atomic_folder(LAB) as folder:
        preprocess(ARCHIVE, read_table(SPLIT), Preprocess.load(PARAMS), folder)


if __name__ == "__main__":
    run(main)
