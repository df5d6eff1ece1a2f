"""Stage `embed_control`: embeddings that carry no information on their photograph."""

from _paths import EMBEDDING_CHECKPOINTS, EMBEDDINGS, HASH_CACHE, LAB, PARAMS
from _stage import run
from colorization.core.errors import ColorizationError
from colorization.core.settings import CONTROLS, Embed
from colorization.embedding.controls import write_control


def main(kind: str) -> None:
    if kind not in CONTROLS:
        raise ColorizationError(f"the control must be one of {', '.join(CONTROLS)}; found {kind}")
    settings, imagenet = Embed.load(PARAMS), EMBEDDINGS / "imagenet"
    out = EMBEDDINGS / kind
    write_control(kind, settings, LAB, imagenet, EMBEDDING_CHECKPOINTS, HASH_CACHE, out)


if __name__ == "__main__":
    run(main)
