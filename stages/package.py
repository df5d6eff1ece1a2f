"""Stage `package`: the trained model of params.yaml's variant -> a folder that colorizes."""

from _paths import EMBEDDER, EVALUATIONS, MODELS, PARAMS, SPLIT
from _stage import run
from colorization.core.files import atomic_folder
from colorization.core.settings import Download
from colorization.core.tables import read_table
from colorization.packaging.package import Origin, package


def main(variant: str, seed: int) -> None:
    origin = Origin(source=Download.load(PARAMS).redacted_source, split=read_table(SPLIT))
    name = f"{variant}-{seed}"
    with atomic_folder(MODELS / "chosen") as folder:
        package(MODELS / name, EVALUATIONS / name, EMBEDDER, origin, folder)


if __name__ == "__main__":
    run(main)
