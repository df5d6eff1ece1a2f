"""Defines the dial of a model: it turns a distribution over colors into one, as vivid as asked."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

POSITIONS = 11  # of the dial, evenly spaced from 0 to 1; it interpolates between them

VIVIDNESS = "vividness"  # the name of the model's input
LOGITS, AB = "logits", "ab"  # names of the layers before and after the dial


@keras.saving.register_keras_serializable(package="colorization")
class VividnessDecoder(layers.Layer):
    """Give the mean color of a distribution, which a dial sharpens.

    The layer computes in float32. Its constants are untrainable weights, so that a weights file
    contains them. Until `set_frontier` is called, every position gives the mean of the distribution
    without the loss's weighting (beta 1, temperature 1; see `decode`).

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
        self.betas = constant("betas", (POSITIONS,), "ones")
        self.temperatures = constant("temperatures", (POSITIONS,), "ones")
        self.default = constant("default", (), "zeros")

    def set_colors(self, centers: np.ndarray, weights: np.ndarray) -> None:
        """Set the colors of the bins and their weights.

        Parameters
        ----------
        centers : (bins, 2) float array
            ab, in [-1, 1].
        weights : (bins,) float array
            The weight of each bin in the loss; positive.
        """
        self.centers.assign(centers)
        self.log_weights.assign(np.log(weights))

    def set_frontier(self, betas: np.ndarray, temperatures: np.ndarray, default: float) -> None:
        """Set what each position of the dial stands for; see `decode`.

        Parameters
        ----------
        betas, temperatures : (POSITIONS,) float arrays
        default : float
            The position to use if none is given, in [0, 1].
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
        position = self.default if vividness is None else ops.reshape(vividness, (-1, 1, 1, 1))
        position = ops.clip(position, 0, 1) * (POSITIONS - 1)
        lower = ops.minimum(ops.floor(position), POSITIONS - 2)
        above = position - lower
        index = ops.cast(lower, "int32")
        beta, temperature = (
            ops.take(table, index) * (1 - above) + ops.take(table, index + 1) * above
            for table in (self.betas, self.temperatures)
        )
        return self.decode(logits, beta, temperature)

    def decode(self, logits: keras.KerasTensor, beta: Any, temperature: Any) -> keras.KerasTensor:
        """Return the mean ab of softmax((logits - beta log weights) / temperature).

        Beta 1 undoes the weighting of the loss, which gives the distribution found in photographs.
        Beta 0 keeps the weighting, which favors rare colors. A temperature under 1 sharpens the
        distribution.
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
    """A model taken apart at its dial, so that logits are computed once for all positions.

    Attributes
    ----------
    before : keras.Model
        Maps the model's inputs, except the dial's, to logits.
    dial : VividnessDecoder
    enlarge : layers.Layer
        Maps the dial's ab to the model's ab.
    """

    before: keras.Model
    dial: VividnessDecoder
    enlarge: layers.Layer

    @classmethod
    def of(cls, model: keras.Model) -> "AdjustableModel | None":
        """Take a model apart; None if the model has no dial."""
        dial = next((layer for layer in model.layers if isinstance(layer, VividnessDecoder)), None)
        if dial is None:
            return None
        inputs = [tensor for tensor in model.inputs if tensor.name != VIVIDNESS]
        return cls(keras.Model(inputs, model.get_layer(LOGITS).output), dial, model.get_layer(AB))

    @property
    def default(self) -> float:
        """The position to use if none is given; rounded to remove the error of float32."""
        return round(float(self.dial.default), 3)

    def ab(self, logits: np.ndarray, vividness: float) -> np.ndarray:
        """Give ab, (N, H, W, 2) float32 in [-1, 1], at a position of the dial."""
        position = np.full((len(logits), 1), vividness, np.float32)
        return ops.convert_to_numpy(self.enlarge(self.dial(logits, position)))

    def ab_by(self, logits: np.ndarray, beta: float, temperature: float) -> np.ndarray:
        """Give ab for any beta and temperature, on the dial or not; see `VividnessDecoder.decode`."""
        return ops.convert_to_numpy(self.enlarge(self.dial.decode(logits, beta, temperature)))
