"""The record that the stage `embedder` writes of its network: `identity.json`."""

from pathlib import Path

from colorization.core.errors import ColorizationError
from colorization.core.model_records import Pretrained
from colorization.core.records import Record

IDENTITY = "identity.json"


class EmbedderRecord(Record):
    """The identity of an embedding network.

    Attributes
    ----------
    network : str
        A key of `imagenet.NETWORKS`.
    weights : str
        As in `model_records.Pretrained`.
    image_size : int
        Side of the squares that it takes, in px.
    """

    network: str
    weights: str
    image_size: int


def check_embedding(
    model: Path, trained_with: Pretrained, actual: Pretrained, source: Path
) -> None:
    """Refuse an embedding network other than the one that a model was trained with.

    Parameters
    ----------
    model : Path
        The model directory, for the message.
    trained_with, actual : Pretrained
        Their networks and weights are compared.
    source : Path
        The file or folder that `actual` is from, for the message.

    Raises
    ------
    ColorizationError
        If they differ.
    """
    if (actual.network, actual.weights) != (trained_with.network, trained_with.weights):
        raise ColorizationError(
            f"{model} was trained with the embeddings of {trained_with.network}, weights "
            f"{trained_with.weights}; {source} has {actual.network}, weights {actual.weights}"
        )
