"""Stage `download`: bring the photographs into one zip."""

from pathlib import Path

from _stage import run
from colorization.core.settings import Download
from colorization.sources import fetching


def main(params: Path, unfinished: Path, out: Path) -> None:
    fetching.fetch(Download.load(params), out, unfinished)


if __name__ == "__main__":
    run(main)
