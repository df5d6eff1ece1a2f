"""A trained model as a directory: architecture, weights, what they were trained with.

model.json                architecture, as Keras writes it
model.weights.h5          weights of the epoch with the lowest validation MSE
last.weights.h5           weights after the last epoch
embedding.npy             (2, 1000) float32: mean and deviation by which logits are standardised;
                          missing where the variant takes no embedding
training.json             what it was trained with, and how far it came
history.csv               a row per epoch
dvclive/                  the same, as DVCLive writes it, with a few colorized validation images
"""

import json
from pathlib import Path

import keras

from colorization.core.errors import ColorizationError
from colorization.networks import blocks  # noqa: F401 (registers its layers)


def save_architecture(model: keras.Model, folder: Path) -> None:
    """Write what rebuilds the model. `.keras` archives would differ from one run to the next."""
    architecture = json.loads(model.to_json())
    (folder / "model.json").write_text(json.dumps(architecture, indent=1), encoding="utf-8")


def load_model(folder: Path) -> keras.Model:
    """Rebuild a model with the weights of its best epoch.

    Parameters
    ----------
    folder : Path
        A model directory.

    Returns
    -------
    keras.Model

    Raises
    ------
    ColorizationError
        If the directory is incomplete or damaged.
    """
    try:
        architecture = (folder / "model.json").read_text(encoding="utf-8")
        model = keras.models.model_from_json(architecture)
        if not isinstance(model, keras.Model):
            raise TypeError("model.json describes no model")
        model.load_weights(folder / "model.weights.h5")
    except (OSError, ValueError, TypeError, KeyError, IndexError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ColorizationError(f"{folder}: not a model that can be loaded ({reason})") from error
    return model
