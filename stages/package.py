"""Stage `package`: the trained model of params.yaml's variant -> a folder that colorizes."""

from pathlib import Path

import pandas as pd

from _stage import run
from colorization.colorizing import packaging
from colorization.core import provenance
from colorization.core.files import whole_folder
from colorization.params import load_params


def main(params: Path, model: Path, evaluation: Path, split: Path, out: Path) -> None:
    origin = packaging.Origin(
        params=load_params(params),
        commit=provenance.commit(Path.cwd(), Path("results")),
        split=pd.read_csv(split, keep_default_na=False),
    )
    with whole_folder(out) as folder:
        packaging.package(model, evaluation, origin, folder)


if __name__ == "__main__":
    run(main)
