"""What a model directory says of its training: `training.json`."""

from colorization.backbones.weights import Pretrained
from colorization.core.records import Record
from colorization.settings.colour_bins import ColourBins
from colorization.settings.train import Train

TRAINING = "training.json"


class TrainingRecord(Record):
    """What a model was trained with, and what came of it.

    Attributes
    ----------
    variant : str
    seed : int
        Of its weights, and of the order of the images.
    objective : str
        The name of what it learned; see `networks.objective`.
    precision : str
        Keras' dtype policy.
    embedding : Pretrained or None
        The network whose logits it sees beside L.
    encoder : Pretrained or None
        The network that it sees L through.
    train : Train or ColourBins
        The settings, with the epochs that there were.
    one_in : int
        It was trained on one training image in so many.
    training_images : int
        Their number.
    image_size : int
        px, side of the squares.
    parameters : int
    best_epoch : int
        The one whose weights are kept as the model's, from 1.
    """

    variant: str
    seed: int
    objective: str
    precision: str
    embedding: Pretrained | None = None
    encoder: Pretrained | None = None
    train: Train | ColourBins
    one_in: int
    training_images: int
    image_size: int
    parameters: int
    best_epoch: int

    @property
    def pretrained(self) -> Pretrained | None:
        """The pretrained network behind what it sees, if any."""
        return self.embedding or self.encoder

    @property
    def random_network(self) -> str | None:
        """The pretrained network whose weights are random, so that it carries no semantics."""
        return self.pretrained.network if self.pretrained and self.pretrained.random else None
