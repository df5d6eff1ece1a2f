"""Defines the objective `classification`: a network predicts the probability of each color.

The loss is the cross-entropy with a soft encoding: each color is shared among the four bins of ab
around it. Pixels of rare colors may have larger weights, since the grayish colors of most pixels
dominate otherwise; then a network that is uncertain prefers vivid colors.

References
----------
Zhang, Isola, Efros: Colorful Image Colorization. ECCV 2016, section 2.2.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops
from scipy.ndimage import gaussian_filter

from colorization.color.lab import AB_SCALE
from colorization.color.statistics import BIN_WIDTH, ColorStatistics
from colorization.networks.blocks import BilinearUpsampling
from colorization.networks.objective import Objective
from colorization.networks.vividness import AB, LOGITS, VividnessDecoder

SMOOTHING = 5.0  # sigma of the Gaussian in CIE ab, as in Zhang et al.
UNIFORM_SHARE = 0.5  # lambda in equation 4 of Zhang et al.
SCALE = 2  # the network predicts at half the height and width; its ab are enlarged


def classification(colors: ColorStatistics, rebalancing: float = 1.0) -> Objective:
    """Build the objective for the colors of the training images.

    The network's features must have half the height and width of the image.

    Parameters
    ----------
    colors : ColorStatistics
    rebalancing : float
        The power to which the weights of rare colors are raised: 1 as in Zhang et al., 0 for a loss
        without weights.
    """
    indices = np.argwhere(colors.assigned > 0)
    centers = (indices - len(colors.assigned) // 2) * BIN_WIDTH / AB_SCALE
    weights = rebalancing_weights(colors.assigned)[tuple(indices.T)]
    frequency = colors.assigned[tuple(indices.T)] / colors.assigned.sum()
    loss_weights = weights**rebalancing / (weights**rebalancing * frequency).sum()
    log_weights = rebalancing * np.log(weights)  # what the loss adds to the logits
    soft_encode = _soft_encoder(centers)

    def head(features: keras.KerasTensor) -> keras.KerasTensor:
        return layers.Conv2D(len(centers), 1, name=LOGITS)(features)

    def loss(ab: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        """Compute the weighted cross-entropy of each pixel."""
        assigned = soft_encode(ab)
        weight = ops.matmul(assigned, ops.cast(loss_weights, "float32")[:, None])[..., 0]
        logits = ops.cast(logits, "float32")
        return weight * ops.categorical_crossentropy(assigned, logits, from_logits=True)

    def squared_error(ab: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        """Compute the squared error of the distribution's mean, without the loss's weights."""
        unweighted = ops.cast(logits, "float32") - ops.cast(log_weights, "float32")
        mean = ops.matmul(ops.softmax(unweighted, axis=-1), ops.cast(centers, "float32"))
        return ops.mean(ops.square(ab - mean), axis=-1)

    def to_ab(
        logits: keras.KerasTensor, vividness: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        decoder = VividnessDecoder(len(centers), name="vividness_decoder")
        ab = decoder(logits, vividness)
        decoder.set_colors(centers, weights, rebalancing)
        return BilinearUpsampling(dtype="float32", name=AB)(ab)

    return Objective(
        "classification",
        head=head,
        target=halve,
        loss=loss,
        squared_error=squared_error,
        to_ab=to_ab,
        adjustable=True,
    )


def rebalancing_weights(assigned: np.ndarray) -> np.ndarray:
    """Weight colors by their inverse frequency, smoothed and mixed with a uniform one.

    Parameters
    ----------
    assigned : (A, B) float array
        Number of pixels in each bin.

    Returns
    -------
    (A, B) float64 array
        Scaled so that the mean weight of a pixel is 1; 0 for bins without pixels.

    References
    ----------
    Zhang, Isola, Efros (2016), equation 4.
    """
    occurs = assigned > 0
    frequency = assigned / assigned.sum()
    smoothed = gaussian_filter(frequency, SMOOTHING / BIN_WIDTH, mode="constant") * occurs
    smoothed /= smoothed.sum()
    mixed = (1 - UNIFORM_SHARE) * smoothed + UNIFORM_SHARE * occurs / occurs.sum()
    weights = np.divide(1, mixed, out=np.zeros_like(mixed), where=occurs)
    return weights / (weights * frequency).sum()


def halve(ab: np.ndarray) -> np.ndarray:
    """Average each two by two pixels: (N, H / 2, W / 2, 2) float32 from (N, H, W, 2)."""
    batch, height, width, channels = ab.shape
    blocks = ab.reshape(batch, height // SCALE, SCALE, width // SCALE, SCALE, channels)
    return blocks.mean(axis=(2, 4))


def _soft_encoder(centers: np.ndarray) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
    """`statistics.soft_assign` for tensors: ab, (..., 2), to shares of the bins, (..., K)."""
    scaled = np.rint(centers * (AB_SCALE / BIN_WIDTH))
    values = [np.unique(scaled[:, axis]) for axis in (0, 1)]
    # Products with matrices of 0 and 1 take half the time of indexing.
    one_hot = [scaled[:, axis] == values[axis][:, None] for axis in (0, 1)]

    def soft_encode(ab: keras.KerasTensor) -> keras.KerasTensor:
        shares = [
            ops.matmul(
                ops.relu(1 - ops.abs(ab[..., axis, None] * (AB_SCALE / BIN_WIDTH) - values[axis])),
                ops.cast(one_hot[axis], "float32"),
            )
            for axis in (0, 1)
        ]
        return shares[0] * shares[1]

    return soft_encode
