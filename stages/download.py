"""Stage `download`: bring the photographs into one zip."""

from _paths import ARCHIVE, DOWNLOADS, PARAMS
from _stage import run
from colorization.core.settings import Download
from colorization.sources import fetching


def main() -> None:
    fetching.fetch(Download.load(PARAMS), ARCHIVE, DOWNLOADS)


if __name__ == "__main__":
    run(main)
