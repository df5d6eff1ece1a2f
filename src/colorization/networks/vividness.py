"""Decodes a distribution over colors into one color, as vivid as requested."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

OPERATING_POINTS = 11  # evenly spaced over the vividness, 0 to 1; interpolated between them

VIVIDNESS = "vividness"  # the name of the model's input
LOGITS, AB = "logits", "ab"  # names of the layers before and after the decoder


@keras.saving.register_keras_serializable(package="colorization")
class VividnessDecoder(layers.Layer):
    """Compute the mean color of a distribution that is sharpened according to the vividness.

    The layer computes in float32. Its constants are untrainable weights, so that a weights file
    contains them. Until `set_operating_points` is called, every vividness yields the mean of the
    distribution without the loss's weighting (temperature 1; see `decode`).

    Parameters
    ----------
    bins : int
        Number of colors.
    **options
        Options of every Keras layer.

    References
    ----------
    Zhang, Isola, Efros: Colorful Image Colorization. ECCV 2016, section 2.3, for the temperature.
    """

    def __init__(self, bins: int, **options: Any) -> None:
        super().__init__(**(options | {"dtype": "float32", "trainable": False}))
        self._bins = bins

    def build(self, logits_shape: tuple, vividness_shape: tuple | None = None) -> None:  # noqa: ARG002
        """Create the constants."""

        def constant(name: str, shape: tuple, initializer: str) -> keras.Variable:
            return self.add_weight(shape=shape, initializer=initializer, trainable=False, name=name)

        self.centers = constant("centers", (self._bins, 2), "zeros")
        self.log_weights = constant("log_weights", (self._bins,), "zeros")
        self.rebalancing = constant("rebalancing", (), "ones")
        self.betas = constant("betas", (OPERATING_POINTS,), "ones")
        self.temperatures = constant("temperatures", (OPERATING_POINTS,), "ones")
        self.default = constant("default", (), "zeros")

    def set_colors(
        self, centers: np.ndarray, weights: np.ndarray, rebalancing: float = 1.0
    ) -> None:
        """Set the colors of the bins and their weights.

        Parameters
        ----------
        centers : (bins, 2) float array
            ab, in [-1, 1].
        weights : (bins,) float array
            How rare the color of each bin is; positive.
        rebalancing : float
            The power to which the loss raises these weights.
        """
        self.centers.assign(centers)
        self.log_weights.assign(np.log(weights))
        self.rebalancing.assign(rebalancing)
        self.betas.assign(np.full(OPERATING_POINTS, rebalancing))

    def set_operating_points(
        self, betas: np.ndarray, temperatures: np.ndarray, default: float
    ) -> None:
        """Set beta and temperature at each operating point; see `decode`.

        Parameters
        ----------
        betas, temperatures : (OPERATING_POINTS,) float arrays
        default : float
            The vividness to use if none is given, in [0, 1].
        """
        self.betas.assign(betas)
        self.temperatures.assign(temperatures)
        self.default.assign(default)

    def call(
        self, logits: keras.KerasTensor, vividness: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Return ab, (N, H, W, 2) in [-1, 1], from logits, (N, H, W, bins).

        `vividness` is (N, 1), from 0 (most faithful) to 1 (most vivid); None is the default.
        """
        point = self.default if vividness is None else ops.reshape(vividness, (-1, 1, 1, 1))
        point = ops.clip(point, 0, 1) * (OPERATING_POINTS - 1)
        lower = ops.minimum(ops.floor(point), OPERATING_POINTS - 2)
        upper_share = point - lower
        index = ops.cast(lower, "int32")
        beta, temperature = (
            ops.take(table, index) * (1 - upper_share) + ops.take(table, index + 1) * upper_share
            for table in (self.betas, self.temperatures)
        )
        return self.decode(logits, beta, temperature)

    def decode(self, logits: keras.KerasTensor, beta: Any, temperature: Any) -> keras.KerasTensor:
        """Return the mean ab of softmax((logits - beta log weights) / temperature).

        With beta equal to `rebalancing`, the weighting of the loss is undone, which gives the
        distribution found in photographs. A lower beta favors rare colors. A temperature under 1
        sharpens the distribution, one above 1 softens it.
        """
        sharpened = (ops.cast(logits, "float32") - beta * self.log_weights) / temperature
        return ops.matmul(ops.softmax(sharpened, axis=-1), self.centers)

    def compute_output_shape(
        self,
        logits_shape: tuple,
        vividness_shape: tuple | None = None,  # noqa: ARG002
    ) -> tuple:
        """Compute the shape of ab."""
        return (*logits_shape[:-1], 2)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that rebuilds the layer."""
        return super().get_config() | {"bins": self._bins}


@dataclass(frozen=True)
class AdjustableModel:
    """A model split at its decoder, so that logits are computed once for several vividnesses.

    Attributes
    ----------
    logits_model : keras.Model
        Maps the model's inputs, except the vividness, to logits.
    decoder : VividnessDecoder
    upsampling : layers.Layer
        Maps the decoder's ab to the model's ab.
    """

    logits_model: keras.Model
    decoder: VividnessDecoder
    upsampling: layers.Layer

    @classmethod
    def of(cls, model: keras.Model) -> "AdjustableModel | None":
        """Split a model; None if its vividness is not adjustable."""
        decoders = (layer for layer in model.layers if isinstance(layer, VividnessDecoder))
        decoder = next(decoders, None)
        if decoder is None:
            return None
        inputs = [tensor for tensor in model.inputs if tensor.name != VIVIDNESS]
        logits_model = keras.Model(inputs, model.get_layer(LOGITS).output)
        return cls(logits_model, decoder, model.get_layer(AB))

    @property
    def default(self) -> float:
        """The vividness to use if none is given; rounded to remove the error of float32."""
        return round(float(self.decoder.default), 3)

    def logits(self, inputs: list[np.ndarray]) -> np.ndarray:
        """Compute logits, (N, H, W, bins), from inputs as of `Examples.inputs`."""
        return self.logits_model.predict_on_batch(inputs)

    def mean_ab(self, logits: np.ndarray) -> np.ndarray:
        """Compute the mean of the distributions, (N, H, W, 2), which has the least squared error.

        They are the same as those of `entropy`.
        """
        return self.decode_with(logits, float(self.decoder.rebalancing), 1.0)

    def decode(self, logits: np.ndarray, vividness: float) -> np.ndarray:
        """Compute ab, (N, H, W, 2) float32 in [-1, 1], at a vividness in [0, 1]."""
        vividnesses = np.full((len(logits), 1), vividness, np.float32)
        return ops.convert_to_numpy(self.upsampling(self.decoder(logits, vividnesses)))

    def entropy(self, logits: np.ndarray) -> np.ndarray:
        """Compute the entropy of the distributions, (N, H, W) float32, in bits.

        They are those that photographs have by the network's judgment: without the loss's weighting
        and not sharpened (temperature 1), whatever the operating point.
        """
        decoder = self.decoder
        log_share = ops.log_softmax(logits - decoder.rebalancing * decoder.log_weights)
        nats = -ops.sum(ops.exp(log_share) * log_share, axis=-1)
        return ops.convert_to_numpy(nats) / np.float32(np.log(2))

    def decode_with(self, logits: np.ndarray, beta: float, temperature: float) -> np.ndarray:
        """Compute ab for any beta and temperature; see `VividnessDecoder.decode`."""
        ab = self.decoder.decode(logits, beta, temperature)
        return ops.convert_to_numpy(self.upsampling(ab))
