"""Lets a network take hints: the colors of some places of the photograph.

References
----------
Zhang, Zhu, Isola, Geng, Lin, Yu, Efros: Real-Time User-Guided Image Colorization with Learned Deep
Priors. SIGGRAPH 2017. There, too, hints are ab and a mask, and a network learns from random ones.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from colorization.color.lab import AB_SCALE

HINTS = "hints"  # the name of the model's input
CHANNELS = 3  # a, b, and 1 where there is a hint
SCALE = 2  # hints, like the predicted probabilities, have half the height and width of L
KEY_POOL = 2  # the keys of attention have half the height and width of the queries
AB_SPREAD = 1 / 8  # about the standard deviation of ab in photographs
NEVER = -1e9  # the score of a key without hints; its weight is 0 then
ERROR = 5.0  # of a hint, in CIE ab: half the width of a bin


@keras.saving.register_keras_serializable(package="colorization")
class JoinHints(layers.Layer):
    """Append hints to feature maps, reduced to the size of these.

    Parameters
    ----------
    factor : int
        Height and width of the hints, over those of the features.
    **options
        Options of every Keras layer.
    """

    def __init__(self, factor: int, **options: Any) -> None:
        super().__init__(**options)
        self._factor = factor

    def call(
        self, features: keras.KerasTensor, hints: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Return (N, H, W, C + 3) from features, (N, H, W, C).

        `hints` are (N, factor H, factor W, 3): ab in [-1, 1] and 1 where there is a hint, else 0.
        Each pixel of the features gets the mean color of the hints in its place, divided by
        AB_SPREAD: of the features' size, it is learned in fewer steps. None: no hints.
        """
        if hints is None:
            return _with_nothing(features)
        hints = ops.cast(hints, "float32")
        ab, share = _mean_where(hints[..., :2], hints[..., 2:], self._factor)
        joined = ops.concatenate([ab / AB_SPREAD, ops.cast(share > 0, "float32")], axis=-1)
        return ops.concatenate([features, ops.cast(joined, features.dtype)], axis=-1)

    def compute_output_shape(
        self,
        features_shape: tuple,
        hints_shape: tuple | None = None,  # noqa: ARG002
    ) -> tuple:
        """Compute the shape of the result."""
        return (*features_shape[:-1], features_shape[-1] + CHANNELS)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that rebuilds the layer."""
        return super().get_config() | {"factor": self._factor}


@keras.saving.register_keras_serializable(package="colorization")
class HintAttention(layers.Layer):
    """Append to each pixel the colors of the hints on places that look alike, however far away.

    Attention (Vaswani et al., Attention Is All You Need, 2017) from each pixel of the features to
    each pixel of the hints: the weights of their colors are the softmax of the products of queries
    and keys, both linear in the features. One more key, of zeros, stands for none of the hints.
    Hints in the same square of 2 x 2 pixels of the features share their mean color and key.

    Parameters
    ----------
    factor : int
        Height and width of the hints, over those of the features.
    key_size : int
        Length of queries and keys.
    **options
        Options of every Keras layer.
    """

    def __init__(self, factor: int, key_size: int = 32, **options: Any) -> None:
        super().__init__(**options)
        self._factor = factor
        self._key_size = key_size

    def build(self, features_shape: tuple, hints_shape: tuple | None = None) -> None:  # noqa: ARG002
        """Create the weights."""
        shape = features_shape[-1], self._key_size
        self.query = self.add_weight(shape=shape, initializer="glorot_uniform", name="query")
        self.key = self.add_weight(shape=shape, initializer="glorot_uniform", name="key")

    def call(
        self, features: keras.KerasTensor, hints: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Return (N, H, W, C + 3) from features, (N, H, W, C), with H and W even.

        `hints` as for `JoinHints`. The appended channels are the attended ab / AB_SPREAD, and the
        sum of the weights of all hints. None: no hints.
        """
        if hints is None:
            return _with_nothing(features)
        hints = ops.cast(hints, "float32")
        ab, share = _mean_where(hints[..., :2], hints[..., 2:], KEY_POOL * self._factor)
        count = share * (KEY_POOL * self._factor) ** 2  # of the hints' pixels in each square
        queries, keys = (
            ops.cast(ops.matmul(features, kernel), "float32") for kernel in (self.query, self.key)
        )
        hinted = ops.max_pool(hints[..., 2:], self._factor, self._factor)
        keys, _ = _mean_where(keys, hinted, KEY_POOL)
        scores = ops.matmul(_flat(queries), ops.transpose(_flat(keys), (0, 2, 1)))
        # A key that n pixels share has n times the weight.
        number = ops.transpose(_flat(count), (0, 2, 1))
        scores = scores / self._key_size**0.5 + ops.log(ops.maximum(number, 1))
        scores = ops.where(number > 0, scores, NEVER)
        none = ops.zeros_like(scores[..., :1])
        weights = ops.softmax(ops.concatenate([scores, none], axis=-1), axis=-1)[..., :-1]
        values = ops.concatenate([ab / AB_SPREAD, ops.cast(count > 0, "float32")], axis=-1)
        attended = ops.matmul(weights, _flat(values))
        attended = ops.reshape(attended, (*ops.shape(features)[:-1], CHANNELS))
        return ops.concatenate([features, ops.cast(attended, features.dtype)], axis=-1)

    def compute_output_shape(
        self,
        features_shape: tuple,
        hints_shape: tuple | None = None,  # noqa: ARG002
    ) -> tuple:
        """Compute the shape of the result."""
        return (*features_shape[:-1], features_shape[-1] + CHANNELS)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that rebuilds the layer."""
        return super().get_config() | {"factor": self._factor, "key_size": self._key_size}


def _with_nothing(features: keras.KerasTensor) -> keras.KerasTensor:
    nothing = ops.zeros_like(features[..., :1])
    return ops.concatenate([features, *[nothing] * CHANNELS], axis=-1)


def _mean_where(
    maps: keras.KerasTensor, where: keras.KerasTensor, factor: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Reduce maps to 1 / factor of their size: the mean of the pixels where `where` is 1.

    Returns
    -------
    means : (N, H / factor, W / factor, C) tensor
        0 where there are no such pixels.
    share : (N, H / factor, W / factor, 1) tensor
        Of such pixels.
    """
    share = ops.average_pool(where, factor, factor)
    return ops.average_pool(maps * where, factor, factor) / ops.maximum(share, factor**-2), share


def _flat(maps: keras.KerasTensor) -> keras.KerasTensor:
    """Return (N, H W, C) from (N, H, W, C)."""
    shape = ops.shape(maps)
    return ops.reshape(maps, (shape[0], -1, shape[-1]))


@keras.saving.register_keras_serializable(package="colorization")
class HintLikelihood(layers.Layer):
    """Multiply the probabilities of colors by the likelihood of the hints, where there are any.

    By Bayes' rule: a hint is an observation of the color, with a Gaussian error of `ERROR`. So a
    hint's own place has the color that it asks for, however unlikely the network finds it. The log
    of the likelihood is linear in a, b and the mask, but for a summand that all colors share, which
    softmax ignores.

    Parameters
    ----------
    bins : int
        Number of colors.
    **options
        Options of every Keras layer.
    """

    def __init__(self, bins: int, **options: Any) -> None:
        super().__init__(**(options | {"dtype": "float32", "trainable": False}))
        self._bins = bins

    def build(self, logits_shape: tuple, hints_shape: tuple | None = None) -> None:  # noqa: ARG002
        """Create the constants."""
        self.kernel = self.add_weight(
            shape=(CHANNELS, self._bins), initializer="zeros", trainable=False, name="kernel"
        )

    def set_colors(self, centers: np.ndarray) -> None:
        """Set the colors of the bins, (bins, 2) in [-1, 1]."""
        squared = np.square(centers).sum(axis=1)
        self.kernel.assign(np.vstack([centers.T, -squared / 2]) / (ERROR / AB_SCALE) ** 2)

    def call(
        self, logits: keras.KerasTensor, hints: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Return logits, (N, H, W, bins) float32, from logits and hints, (N, H, W, 3) or None."""
        return logits if hints is None else logits + ops.matmul(hints, self.kernel)

    def compute_output_shape(
        self,
        logits_shape: tuple,
        hints_shape: tuple | None = None,  # noqa: ARG002
    ) -> tuple:
        """Compute the shape of the result."""
        return logits_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that rebuilds the layer."""
        return super().get_config() | {"bins": self._bins}


@keras.saving.register_keras_serializable(package="colorization")
class NoHints(layers.Layer):
    """Make hints that are nowhere, for a batch of L."""

    def call(self, L: keras.KerasTensor) -> keras.KerasTensor:
        """Return zeros, (N, H / 2, W / 2, 3), for L, (N, H, W, 1)."""
        nothing = ops.zeros_like(L[:, ::SCALE, ::SCALE])
        return ops.concatenate([nothing] * CHANNELS, axis=-1)


def without_hints(model: keras.Model) -> keras.Model:
    """Return a model without the input for hints, which is given none."""
    if not takes_hints(model):
        return model
    inputs = {
        tensor.name: keras.Input(tensor.shape[1:], name=tensor.name)
        for tensor in model.inputs
        if tensor.name != HINTS
    }
    arguments = inputs | {HINTS: NoHints(name="no_hints")(inputs["L"])}
    output = model([arguments[tensor.name] for tensor in model.inputs])
    return keras.Model(list(inputs.values()), output, name=model.name)


def takes_hints(model: keras.Model) -> bool:
    """Whether a model takes hints as well as L."""
    return any(tensor.name == HINTS for tensor in model.inputs)
