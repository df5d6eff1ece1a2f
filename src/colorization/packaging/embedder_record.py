"""What the stage `embedder` says of the network that it wrote: `identity.json`."""

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
