"""Stage `embed`: cached L -> the ImageNet embedding of each image."""

from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.embedding.writing import write_embeddings
from colorization.settings.embed import Embed


def main(
    params: Path, arrays_folder: Path, weights: Path, unfinished: Path, memory: Path, out: Path
) -> None:
    identified = weights.read_text(encoding="utf-8").strip()
    with whole_folder(out) as folder:
        settings = Embed.load(params)
        write_embeddings(settings, identified, arrays_folder, unfinished, memory, folder)


if __name__ == "__main__":
    run(main)
