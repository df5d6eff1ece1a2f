"""Stage `embed_control`: the embeddings of a control, such as those of other photographs."""

from _paths import ARCHIVE, EMBEDDING_CHECKPOINTS, EMBEDDINGS, HASH_CACHE, PARAMS, SPLIT
from _stage import run
from colorization.core.errors import ColorizationError
from colorization.core.settings import CONTROLS, IMAGENET, Embed
from colorization.core.tables import read_table
from colorization.embedding.controls import write_control


def main(kind: str) -> None:
    if kind not in CONTROLS:
        raise ColorizationError(f"the control must be one of {', '.join(CONTROLS)}; found {kind}")
    write_control(
        kind,
        Embed.load(PARAMS),
        ARCHIVE,
        read_table(SPLIT),
        EMBEDDINGS / IMAGENET,
        EMBEDDING_CHECKPOINTS,
        HASH_CACHE,
        EMBEDDINGS / kind,
    )


if __name__ == "__main__":
    run(main)
