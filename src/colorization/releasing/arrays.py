"""Runs a packaged model on cached arrays, which have no border to be looked for."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from colorization.color import lab
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.prepared import Prepared
from colorization.core.progress import progress
from colorization.dataset.arrays import LabArrays

BATCH = 16  # photographs


def predict(colorizer: Colorizer, L: np.ndarray, vividness: float) -> np.ndarray:
    """Predict ab of images that have the size of the network's input.

    Parameters
    ----------
    colorizer : Colorizer
        Of a model with adjustable vividness and without an embedding.
    L : (N, H, W, 1) float32 array
        CIE L* / 50 - 1.
    vividness : float

    Returns
    -------
    (N, H, W, 2) float32 array
        CIE a*, b* / AB_SCALE.
    """
    height, width = L.shape[1:3]
    outputs = colorizer.predict([Prepared(image, None, (width, height)) for image in L])
    return np.stack([colorizer.decode(output, vividness) for output in outputs])


def mse_of_photographs(colorizer: Colorizer, images: LabArrays, vividness: float) -> pd.Series:
    """Compute the MSE of ab of each photograph, against its exact pixels, by name.

    Parameters
    ----------
    colorizer, vividness
        As in `predict`.
    images : LabArrays

    Returns
    -------
    Series of float
        In the network's units.
    """

    def errors() -> Iterator[np.ndarray]:
        starts = range(0, len(images.names), BATCH)
        for start in progress(starts, "scoring test photographs", len(starts)):
            batch = slice(start, start + BATCH)
            truth = lab.rgb_to_lab(np.array(images.rgb[batch]))[1]
            ab = predict(colorizer, images.L[batch].astype(np.float32), vividness)
            yield ((ab - truth) ** 2).mean(axis=(1, 2, 3), dtype=np.float64)

    return pd.Series(np.concatenate([*errors()]), index=images.names)
