"""Stage `embedder`: the embedding network -> an ONNX file, for packages."""

from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.packaging.embedders import write_embedder
from colorization.settings.embed import Embed


def main(params: Path, weights: Path, out: Path) -> None:
    with whole_folder(out) as folder:
        identified = weights.read_text(encoding="utf-8").strip()
        write_embedder(Embed.load(params), identified, folder)


if __name__ == "__main__":
    run(main)
