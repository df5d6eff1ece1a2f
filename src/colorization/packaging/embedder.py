"""Writing the embedding network as ONNX, for the packages of models that take its logits."""

from pathlib import Path

from colorization.core.settings import Embed
from colorization.embedding import imagenet
from colorization.packaging.embedder_record import IDENTITY, EmbedderRecord
from colorization.packaging.manifest import EMBEDDER
from colorization.packaging.to_onnx import write_onnx


def write_embedder(settings: Embed, weights: str, out: Path) -> None:
    """Fill a folder with the embedding network as an ONNX file, from L to logits, in float32.

    Parameters
    ----------
    settings : Embed
    weights : str
        As identified by `weights.fingerprint_weights`.
    out : Path
    """
    write_onnx(imagenet.build_embedder(settings), ["logits"], out / EMBEDDER)
    image_size = imagenet.NETWORKS[settings.network].image_size
    record = EmbedderRecord(network=settings.network, weights=weights, image_size=image_size)
    record.write(out / IDENTITY)
