"""Stage `embedder`: the embedding network -> an ONNX file, for packages."""

from pathlib import Path

from _stage import run
from colorization.core.files import atomic_folder
from colorization.core.settings import Embed
from colorization.embedding.embedder import write_embedder


def main(params: Path, weights: Path, out: Path) -> None:
    with atomic_folder(out) as folder:
        identified = weights.read_text(encoding="utf-8").strip()
        write_embedder(Embed.load(params), identified, folder)


if __name__ == "__main__":
    run(main)
