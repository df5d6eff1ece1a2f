"""Defines the record of a network, with its objective, and builds the network."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from colorization.backbones.precision import dtype_policy
from colorization.color.statistics import ColorStatistics
from colorization.networks.objective import MSE, Objective
from colorization.networks.vividness import VIVIDNESS

EMBEDDING = "embedding"  # the name of a model's input


@dataclass(frozen=True)
class Architecture:
    """The record of a network; each network has a file in `colorization.architectures`.

    Attributes
    ----------
    build : callable
        Returns a Keras model that maps [L] or [L, embedding] to the input of the objective's head,
        which is ab itself for most networks. L is (N, H, W, 1) in [-1, 1] with H and W multiples of
        32; the embedding is (N, 1000). If `takes_embedding`, `build` is called with
        `embedding=True` or `embedding=False`.
        A new layer class belongs in `networks.blocks`: code that loads a saved model imports no
        architecture.
    description : str
        A few words, for tables.
    section : str or None
        The section of the paper; None for a network beyond the paper.
    takes_embedding : bool
        Whether the network can be built with the embedding as a second input.
    encoder : str or None
        The pretrained encoder, if any: a key of `encoders` in params.yaml, and the name of its
        layer in the model.
    frozen : tuple of str
        How the names of the encoder's layers begin that keep their weights even if
        `train.encoder_lr_multiplier` is above 0.
    objective : Objective, or a callable that returns one
        The callable takes the `ColorStatistics` of the training images.
    """

    build: Callable[..., keras.Model]
    description: str
    section: str | None
    takes_embedding: bool = False
    encoder: str | None = None
    frozen: tuple[str, ...] = ()
    objective: Objective | Callable[[ColorStatistics], Objective] = MSE

    def objective_for(self, colors: ColorStatistics | None) -> Objective:
        """Return the objective; `colors` are those of the training images, None if not needed."""
        if isinstance(self.objective, Objective):
            return self.objective
        if colors is None:
            raise ValueError("this network's objective needs the colors of the training images")
        return self.objective(colors)


@dataclass(frozen=True)
class Network:
    """A network, as two models over the same layers.

    Attributes
    ----------
    model : keras.Model
        The model to save. It maps the inputs to ab, (N, H, W, 2) in [-1, 1]. With adjustable
        vividness it also takes "vividness", (N, 1) in [0, 1] or None.
    training_model : keras.Model
        The model to train. It maps the inputs to the output that the objective compares with its
        target.
    """

    model: keras.Model
    training_model: keras.Model


def build_network(
    name: str,
    architecture: Architecture,
    seed: int,
    precision: str = "float32",
    colors: ColorStatistics | None = None,
    *,
    embedding: bool | None = None,
) -> Network:
    """Build a network with freshly drawn weights.

    Parameters
    ----------
    name : str
        The model's name.
    architecture : Architecture
    seed : int
        The same seed gives the same weights.
    precision : str
        Keras' dtype policy of the layers. Weights and ab are float32 with every policy.
    colors : ColorStatistics, optional
        The colors of the training images, for an objective that needs them.
    embedding : bool, optional
        Whether the network takes the embedding; by default it does if it can.
    """
    objective = architecture.objective_for(colors)
    options = {"embedding": embedding is not False} if architecture.takes_embedding else {}
    keras.utils.set_random_seed(seed)
    with dtype_policy(precision):
        built = architecture.build(**options)
        output = objective.head(built.output)
        vividness = (
            [keras.Input((1,), name=VIVIDNESS, optional=True)] if objective.adjustable else []
        )
        ab = objective.to_ab(output, *vividness)
        # Within the policy, since Keras scales the loss of a model of mixed_float16.
        return Network(
            model=keras.Model([*built.inputs, *vividness], ab, name=name),
            training_model=keras.Model(built.inputs, output),
        )


def takes_embedding(model: keras.Model) -> bool:
    """Whether a model takes the embedding as well as L."""
    return any(tensor.name == EMBEDDING for tensor in model.inputs)
