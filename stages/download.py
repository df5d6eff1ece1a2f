"""Stage `download`: bring the photographs into one zip."""

from pathlib import Path

from _stage import run
from colorization.params import load_params
from colorization.sources import fetching


def main(params: Path, unfinished: Path, out: Path) -> None:
    fetching.fetch(load_params(params).download, out, unfinished)


if __name__ == "__main__":
    run(main)
