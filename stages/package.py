"""Stage `package`: the trained model of params.yaml's variant -> a folder that colorizes."""

from pathlib import Path

from _stage import run
from colorization.core.files import atomic_folder
from colorization.core.settings import Download
from colorization.core.tables import read_table
from colorization.packaging.package import Origin, package


def main(
    params: Path, model: Path, evaluation: Path, embedder: Path, split: Path, out: Path
) -> None:
    origin = Origin(source=Download.load(params).shown_source, split=read_table(split))
    with atomic_folder(out) as folder:
        package(model, evaluation, embedder, origin, folder)


if __name__ == "__main__":
    run(main)
