"""Defines a variant: its network, its objective and its training images; builds the network."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from colorization.backbones.precision import dtype_policy
from colorization.color.statistics import ColorStatistics
from colorization.networks.objective import MSE, Objective
from colorization.networks.vividness import VIVIDNESS

EMBEDDING = "embedding"  # the name of a model's input


@dataclass(frozen=True)
class Variant:
    """The record of a variant; each variant has a file in `colorization.variants`.

    Attributes
    ----------
    build : callable
        Gives a Keras model that maps a list [L] or [L, embedding] to the input of the objective's
        head, which is ab itself for most variants. L is (N, H, W, 1) in [-1, 1] with H and W
        multiples of 32; the embedding is (N, 1000).
        A new layer class belongs in `networks.blocks`, since code that loads a saved model imports
        no variant.
    architecture : str
        A description in a few words, for tables.
    section : str or None
        The section of the paper; None for a variant beyond the paper.
    encoder : str or None
        The pretrained encoder, if any: a key of `encoders` in params.yaml, and the name of its
        layer in the model.
    objective : Objective, or a callable that gives one
        The callable takes the `ColorStatistics` of the training images.
    one_in : int
        The variant is trained on one training image in `one_in`, for `one_in` times the epochs.
    """

    build: Callable[[], keras.Model]
    architecture: str
    section: str | None
    encoder: str | None = None
    objective: Objective | Callable[[ColorStatistics], Objective] = MSE
    one_in: int = 1

    @property
    def needs_colors(self) -> bool:
        """Whether the objective depends on the colors of the training images."""
        return not isinstance(self.objective, Objective)

    def learns(self, colors: ColorStatistics | None) -> Objective:
        """Give the objective; `colors` are those of the training images, None if not needed."""
        if isinstance(self.objective, Objective):
            return self.objective
        if colors is None:
            raise ValueError("this variant learns from the colors of its training images")
        return self.objective(colors)


@dataclass(frozen=True)
class Network:
    """A variant's network, as two models over the same layers.

    Attributes
    ----------
    model : keras.Model
        The model to save. It maps the variant's inputs to ab, (N, H, W, 2) in [-1, 1]. With a dial
        it also takes "vividness", (N, 1) in [0, 1] or None.
    training_model : keras.Model
        The model to train. It maps the variant's inputs to the output that the objective compares
        with its target.
    """

    model: keras.Model
    training_model: keras.Model


def build_network(
    name: str,
    variant: Variant,
    seed: int,
    precision: str = "float32",
    colors: ColorStatistics | None = None,
) -> Network:
    """Build a variant's network with freshly drawn weights.

    Parameters
    ----------
    name : str
        The model's name.
    variant : Variant
    seed : int
        The same seed gives the same weights.
    precision : str
        Keras' dtype policy of the layers. Weights and ab are float32 with every policy.
    colors : ColorStatistics, optional
        The colors of the training images, for a variant that needs them.
    """
    objective = variant.learns(colors)
    keras.utils.set_random_seed(seed)
    with dtype_policy(precision):
        built = variant.build()
        output = objective.head(built.output)
        dial = [keras.Input((1,), name=VIVIDNESS, optional=True)] if objective.dial else []
        ab = objective.to_ab(output, *dial)
    return Network(
        model=keras.Model([*built.inputs, *dial], ab, name=name),
        training_model=keras.Model(built.inputs, output),
    )


def sees_embedding(model: keras.Model) -> bool:
    """Whether a model takes the embedding as well as L."""
    return any(tensor.name == EMBEDDING for tensor in model.inputs)
