"""Defines the records of pretrained networks, and of trainings."""

from colorization.core.records import Record
from colorization.core.settings import Train

TRAINING = "training.json"  # in a model directory


class Pretrained(Record):
    """The record of a pretrained network, stored with the results that depend on it.

    `weights` is "random", "imagenet" or the sha256 of a weights file. `precision` is Keras' dtype
    policy, or None for a network that is part of a model.
    """

    network: str
    weights: str
    precision: str | None = None

    @property
    def random(self) -> bool:
        """Whether the weights are random, so that the features have no semantics."""
        return self.weights == "random"


class TrainingRecord(Record):
    """The settings of a model's training, and its result.

    Attributes
    ----------
    variant : str
    network : str
        The name of its network.
    seed : int
        Of the initial weights and the order of the images.
    objective : str
        The name of its objective; see `networks.objective`.
    precision : str
        Keras' dtype policy.
    embedding : Pretrained or None
        The network whose logits are the model's second input.
    encoder : Pretrained or None
        The pretrained network that is the model's encoder.
    train : Train
        The settings, including the variant's overrides and the actual number of epochs.
    training_images : int
        Number of training images.
    image_size : int
        Side of the square images, px.
    parameters : int
    best_epoch : int
        The epoch whose weights the model keeps, from 1.
    """

    variant: str
    network: str
    seed: int
    objective: str
    precision: str
    embedding: Pretrained | None = None
    encoder: Pretrained | None = None
    train: Train
    training_images: int
    image_size: int
    parameters: int
    best_epoch: int

    @property
    def pretrained(self) -> Pretrained | None:
        """The pretrained network of the embedding or the encoder, if any."""
        return self.embedding or self.encoder

    @property
    def random_network(self) -> str | None:
        """The pretrained network's name, if its weights are random."""
        return self.pretrained.network if self.pretrained and self.pretrained.random else None
