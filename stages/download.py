"""Stage `download`: bring the photographs into one zip."""

from pathlib import Path

from _stage import run
from colorization import sources
from colorization.params import load_params


def main(params: Path, unfinished: Path, out: Path) -> None:
    sources.fetch(load_params(params).download, out, unfinished)


if __name__ == "__main__":
    run(main)
