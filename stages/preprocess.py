"""Stage `preprocess`: the raw archive and its split -> cached Lab arrays."""

from pathlib import Path

import pandas as pd

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset.preprocessing import preprocess
from colorization.params import load_params


def main(params: Path, archive: Path, split: Path, out: Path) -> None:
    with whole_folder(out) as folder:
        table = pd.read_csv(split, keep_default_na=False)
        preprocess(archive, table, load_params(params).preprocess, folder)


if __name__ == "__main__":
    run(main)
