"""Stage `embed`: the raw archive and its split -> the ImageNet embedding of each photograph."""

from _paths import (
    ARCHIVE,
    EMBEDDING_CHECKPOINTS,
    EMBEDDINGS,
    HASH_CACHE,
    PARAMS,
    SPLIT,
    WEIGHTS,
)
from _stage import run
from colorization.core.model_records import Pretrained
from colorization.core.settings import IMAGENET, Embed
from colorization.core.tables import read_table
from colorization.embedding.writing import write_embeddings


def main() -> None:
    weights = Pretrained.read(WEIGHTS / "embed.json").weights
    write_embeddings(
        Embed.load(PARAMS),
        weights,
        ARCHIVE,
        read_table(SPLIT),
        EMBEDDING_CHECKPOINTS,
        HASH_CACHE,
        EMBEDDINGS / IMAGENET,
    )


if __name__ == "__main__":
    run(main)
