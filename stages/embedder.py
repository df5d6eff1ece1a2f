"""Stage `embedder`: the embedding network -> an ONNX file, for packages."""

from _paths import EMBEDDER, PARAMS, WEIGHTS
from _stage import run
from colorization.core.files import atomic_folder
from colorization.core.model_records import Pretrained
from colorization.core.settings import Embed
from colorization.packaging.embedder import write_embedder


def main() -> None:
    with atomic_folder(EMBEDDER) as folder:
        weights = Pretrained.read(WEIGHTS / "embed.json").weights
        write_embedder(Embed.load(PARAMS), weights, folder)


if __name__ == "__main__":
    run(main)
