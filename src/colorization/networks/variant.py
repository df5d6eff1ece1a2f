"""A variant: a network, what it learns, and from which images; and how its network is built."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from colorization.backbones.precision import dtype_policy
from colorization.networks.objective import MSE, Objective


@dataclass(frozen=True)
class Variant:
    """What there is to say of a variant; each has a file in `colorization.variants`.

    Attributes
    ----------
    build : callable
        Gives a Keras model from a list [L] or [L, embedding] to what `objective` compares with its
        target; L is (N, H, W, 1) in [-1, 1] with H and W multiples of 32, the embedding (N, 1000).
        A layer class of one's own belongs into `networks.blocks`: whoever loads a saved model
        imports no variant.
    architecture : str
        In a few words, for tables.
    section : str or None
        Of the paper; None for what goes beyond it.
    encoder : str or None
        The pretrained network that it sees through, a key of `encoders` in params.yaml, and the
        name of the layer that it is.
    objective : Objective
    one_in : int
        It is trained on one training image in so many, in so many times as many epochs.
    """

    build: Callable[[], keras.Model]
    architecture: str
    section: str | None
    encoder: str | None = None
    objective: Objective = MSE
    one_in: int = 1


@dataclass(frozen=True)
class Network:
    """A variant's network, as two models over the same layers.

    Attributes
    ----------
    model : keras.Model
        From the variant's inputs to ab, (N, H, W, 2) in [-1, 1]: this one is saved.
    learner : keras.Model
        From the same inputs to what the objective compares with its target: this one is trained.
    """

    model: keras.Model
    learner: keras.Model


def build_network(name: str, variant: Variant, seed: int, precision: str = "float32") -> Network:
    """Build a variant's network with freshly drawn weights.

    Parameters
    ----------
    name : str
        The model's.
    variant : Variant
    seed : int
        The same seed gives the same weights.
    precision : str
        Keras' dtype policy of the layers. Weights and ab are float32 with each.
    """
    keras.utils.set_random_seed(seed)
    with dtype_policy(precision):
        built = variant.build()
        ab = variant.objective.to_ab(built.output)
    return Network(
        model=keras.Model(built.inputs, ab, name=name),
        learner=keras.Model(built.inputs, built.output),
    )


def sees_embedding(model: keras.Model) -> bool:
    """Whether a model takes the embedding beside L."""
    return len(model.inputs) > 1
