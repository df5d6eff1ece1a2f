"""What the stage `embedder` says of the network that it wrote: `identity.json`."""

from pathlib import Path

from colorization.backbones.weights import Pretrained
from colorization.core.errors import ColorizationError
from colorization.core.records import Record

IDENTITY = "identity.json"


class EmbedderRecord(Record):
    """Which network it is.

    Attributes
    ----------
    network : str
        A key of `imagenet.NETWORKS`.
    weights : str
        As `weights.Pretrained`.
    image_size : int
        px, the side of the squares that it sees.
    """

    network: str
    weights: str
    image_size: int


def check_embedding(model: Path, trained_with: Pretrained, found: Pretrained, where: Path) -> None:
    """Refuse an embedding network that is not the one of a model's training.

    Parameters
    ----------
    model : Path
        The model directory, for the message.
    trained_with, found : Pretrained
        Whose network and weights are compared.
    where : Path
        Where it was found.

    Raises
    ------
    ColorizationError
    """
    if (found.network, found.weights) != (trained_with.network, trained_with.weights):
        raise ColorizationError(
            f"{model} was trained with the embeddings of {trained_with.network}, weights "
            f"{trained_with.weights}; {where} has {found.network}, weights {found.weights}"
        )
