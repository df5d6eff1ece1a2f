"""Compares a packaged model, in ONNX Runtime, with the Keras model that it was made from."""

from pathlib import Path

import numpy as np

from colorization.colorizing.colorizer import Colorizer
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.packaging.to_onnx import as_float32
from colorization.releasing.arrays import predict


def largest_difference(colorizer: Colorizer, vividness: float, model: Path, L: np.ndarray) -> float:
    """Return the largest absolute difference of ab, in the network's units, CIE / 128.

    Parameters
    ----------
    colorizer : Colorizer
        Of a model with adjustable vividness and without an embedding.
    vividness : float
    model : Path
        The directory of the model, which computes in float32 here whatever its training did.
    L : (N, H, W, 1) float32 array
        CIE L* / 50 - 1.
    """
    adjustable = AdjustableModel.of(as_float32(load_model(model)))
    if adjustable is None:
        raise ValueError(f"{model} has no adjustable vividness")
    expected = adjustable.decode(adjustable.logits([L]), vividness)
    return float(np.abs(predict(colorizer, L, vividness) - expected).max())
