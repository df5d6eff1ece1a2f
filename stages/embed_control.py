"""Stage `embed_control`: embeddings that say nothing about a photograph, for a control."""

from pathlib import Path

from _stage import run
from colorization.core.settings import Embed, Study
from colorization.embedding.controls import write_control


def main(
    params: Path,
    variant: str,
    arrays_folder: Path,
    embeddings: Path,
    unfinished: Path,
    memory: Path,
    out: Path,
) -> None:
    kind = Study.load(params).controls[variant]
    settings = Embed.load(params)
    write_control(kind, settings, arrays_folder, embeddings, unfinished, memory, out)


if __name__ == "__main__":
    run(main)
