"""Stage `split`: the raw archive -> which image serves for what."""

from pathlib import Path

from _stage import run
from colorization.params import load_params
from colorization.split import split_archive


def main(params: Path, archive: Path, out: Path) -> None:
    split_archive(archive, load_params(params).split).to_csv(out, index=False)


if __name__ == "__main__":
    run(main)
