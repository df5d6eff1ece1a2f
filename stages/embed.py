"""Stage `embed`: cached L -> the ImageNet embedding of each image."""

from _paths import EMBEDDING_CHECKPOINTS, EMBEDDINGS, HASH_CACHE, LAB, PARAMS, WEIGHTS
from _stage import run
from colorization.backbones.weights import Pretrained
from colorization.core.settings import Embed
from colorization.embedding.writing import write_embeddings


def main() -> None:
    weights = Pretrained.read(WEIGHTS / "embed.json").weights
    out = EMBEDDINGS / "imagenet"
    write_embeddings(Embed.load(PARAMS), weights, LAB, EMBEDDING_CHECKPOINTS, HASH_CACHE, out)


if __name__ == "__main__":
    run(main)
