"""Saves and loads a trained model as a directory of the files below.

model.json                architecture, as Keras writes it
model.weights.h5          weights of the epoch with the lowest validation loss
last.weights.h5           weights after the last epoch
embedding.npy             (2, 1000) float32: mean and deviation by which logits are standardized;
                          missing if the variant takes no embedding
training.json             the record of the training
history.csv               a row per epoch
dvclive/                  the same, written by DVCLive, with a few colorized validation images
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras

from colorization.backbones.hdf5 import check_weights_file
from colorization.core.errors import ColorizationError, reason
from colorization.networks import blocks, vividness  # noqa: F401 (they register their layers)

LONGEST_ARCHITECTURE = 2**23  # bytes of model.json; Keras' largest networks take a quarter of this


def save_architecture(model: keras.Model, folder: Path) -> None:
    """Write the architecture as JSON; `.keras` archives are not reproducible byte for byte."""
    architecture = json.loads(model.to_json())
    (folder / "model.json").write_text(json.dumps(architecture, indent=1), encoding="utf-8")


def load_model(folder: Path) -> keras.Model:
    """Rebuild a model with the weights of its best epoch.

    Parameters
    ----------
    folder : Path
        A model directory; its content is not trusted.

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
        return _load(folder / "model.json", folder / "model.weights.h5")
    except Exception as error:
        raise ColorizationError(
            f"{folder}: not a model that can be loaded ({reason(error)})"
        ) from error


def _load(architecture_file: Path, weights_file: Path) -> keras.Model:
    available = check_weights_file(weights_file)
    architecture = _read_architecture(architecture_file)
    with ThreadPoolExecutor(1) as thread:
        required = thread.submit(_count_weights, architecture).result()
    if required > available:
        raise ValueError(
            f"model.json requires {required} weights, model.weights.h5 contains {available}"
        )
    model = keras.models.model_from_json(architecture)
    model.load_weights(weights_file)
    return model


def _read_architecture(path: Path) -> str:
    if not path.is_file():  # reading a pipe or a device would never end
        raise ValueError(f"{path.name} is not a file")
    if path.stat().st_size > LONGEST_ARCHITECTURE:
        raise ValueError(f"{path.name} is longer than {LONGEST_ARCHITECTURE} bytes")
    return path.read_text(encoding="utf-8")


def _count_weights(architecture: str) -> int:
    """Count the weights that a model would have, without allocating them.

    Call it in a thread of its own: Keras keeps a list, per thread, of uninitialized variables, and
    would later initialize all of them.
    """
    with keras.StatelessScope(initialize_variables=False):
        model = keras.models.model_from_json(architecture)
    if not isinstance(model, keras.Model):
        raise TypeError("model.json does not describe a model")
    return model.count_params()
