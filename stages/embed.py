"""Stage `embed`: cached L -> the ImageNet embedding of each image."""

from pathlib import Path

from _stage import run
from colorization.core.settings import Embed
from colorization.embedding.writing import write_embeddings


def main(
    params: Path, arrays_folder: Path, weights: Path, unfinished: Path, memory: Path, out: Path
) -> None:
    identified = weights.read_text(encoding="utf-8").strip()
    write_embeddings(Embed.load(params), identified, arrays_folder, unfinished, memory, out)


if __name__ == "__main__":
    run(main)
