"""A variant: a network, what it learns, and from which images; and how its network is built."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from colorization.backbones.precision import dtype_policy
from colorization.dataset.colours import Colours
from colorization.networks.dial import VIVIDNESS
from colorization.networks.objective import MSE, Objective

EMBEDDING = "embedding"  # the name of a model's input


@dataclass(frozen=True)
class Variant:
    """What there is to say of a variant; each has a file in `colorization.variants`.

    Attributes
    ----------
    build : callable
        Gives a Keras model from a list [L] or [L, embedding] to what the objective's head takes,
        for most the ab themselves; L is (N, H, W, 1) in [-1, 1] with H and W multiples of 32, the
        embedding (N, 1000).
        A layer class of one's own belongs into `networks.blocks`: whoever loads a saved model
        imports no variant.
    architecture : str
        In a few words, for tables.
    section : str or None
        Of the paper; None for what goes beyond it.
    encoder : str or None
        The pretrained network that it sees through, a key of `encoders` in params.yaml, and the
        name of the layer that it is.
    objective : Objective, or a callable that gives one
        The callable's takes the `Colours` of the training images.
    one_in : int
        It is trained on one training image in so many, in so many times as many epochs.
    """

    build: Callable[[], keras.Model]
    architecture: str
    section: str | None
    encoder: str | None = None
    objective: Objective | Callable[[Colours], Objective] = MSE
    one_in: int = 1

    @property
    def needs_colours(self) -> bool:
        """Whether what it learns depends on the colours of the training images."""
        return not isinstance(self.objective, Objective)

    def learns(self, colours: Colours | None) -> Objective:
        """Give its objective; `colours` are those of the training images, where it needs them."""
        if isinstance(self.objective, Objective):
            return self.objective
        if colours is None:
            raise ValueError("this variant learns from the colours of its training images")
        return self.objective(colours)


@dataclass(frozen=True)
class Network:
    """A variant's network, as two models over the same layers.

    Attributes
    ----------
    model : keras.Model
        From the variant's inputs to ab, (N, H, W, 2) in [-1, 1]: this one is saved. With a dial it
        takes "vividness" too, (N, 1) in [0, 1] or None.
    learner : keras.Model
        From the variant's inputs to what the objective compares with its target: this one is
        trained.
    """

    model: keras.Model
    learner: keras.Model


def build_network(
    name: str,
    variant: Variant,
    seed: int,
    precision: str = "float32",
    colours: Colours | None = None,
) -> Network:
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
    colours : Colours, optional
        Of the training images, for a variant that needs them.
    """
    objective = variant.learns(colours)
    keras.utils.set_random_seed(seed)
    with dtype_policy(precision):
        built = variant.build()
        output = objective.head(built.output)
        dial = [keras.Input((1,), name=VIVIDNESS, optional=True)] if objective.dial else []
        ab = objective.to_ab(output, *dial)
    return Network(
        model=keras.Model([*built.inputs, *dial], ab, name=name),
        learner=keras.Model(built.inputs, output),
    )


def sees_embedding(model: keras.Model) -> bool:
    """Whether a model takes the embedding beside L."""
    return any(tensor.name == EMBEDDING for tensor in model.inputs)
