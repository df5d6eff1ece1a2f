"""Saves and loads a trained model as a directory of the files below.

model.json                architecture, as Keras writes it
model.weights.h5          weights of the epoch with the lowest validation loss
last.weights.h5           weights after the last epoch
training_images.npy       (K,) int: the indices of the training images, in the training split
embedding.npy             (2, 1000) float32: mean and deviation by which logits are standardized;
                          missing if the variant takes no embedding
training.json             the record of the training
history.csv               a row per epoch
dvclive/                  the same, written by DVCLive, with a few colorized validation images
"""

import json
from pathlib import Path

import keras

from colorization.core.errors import ColorizationError, reason
from colorization.core.hdf5 import check_finite
from colorization.networks import (  # noqa: F401 (they register their layers)
    blocks,
    vividness,
)

BEST, LAST = "model.weights.h5", "last.weights.h5"
TRAINING_IMAGES = "training_images.npy"


def save_architecture(model: keras.Model, folder: Path) -> None:
    """Write the architecture as JSON; `.keras` archives are not reproducible byte for byte."""
    architecture = json.loads(model.to_json())
    (folder / "model.json").write_text(json.dumps(architecture, indent=1), encoding="utf-8")


def load_model(folder: Path, weights: str = BEST) -> keras.Model:
    """Rebuild a model.

    Parameters
    ----------
    folder : Path
        A model directory.
    weights : str
        The file of the weights: those of the best epoch by default, or `LAST`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ColorizationError
        If the directory is incomplete or damaged, or its training diverged.
    """
    # Keras may raise any exception on files that it did not write.
    try:
        check_finite(folder / weights)
        model = keras.models.model_from_json((folder / "model.json").read_text(encoding="utf-8"))
        model.load_weights(folder / weights)
    except Exception as error:
        raise ColorizationError(
            f"{folder}: not a model that can be loaded ({reason(error)})"
        ) from error
    return model
