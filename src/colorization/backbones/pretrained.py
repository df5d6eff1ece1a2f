"""Builds networks of `keras.applications` with the weights of a parameter."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from colorization.backbones.weights import weights_file
from colorization.core.errors import ColorizationError, reason
from colorization.core.hdf5 import check_finite

# Keras warns of containers that it skips, but raises an error if weights are missing. Filters are
# global: a temporary one, set in a thread, would affect the other threads. Appended last, this one
# does not override others.
warnings.filterwarnings("ignore", "Skipping nested container", append=True)


def build_pretrained(
    build: Callable[..., keras.Model], weights: str, parameter: str, name: str, **options: Any
) -> keras.Model:
    """Build a network and load its weights.

    Parameters
    ----------
    build : callable
        A function of `keras.applications`.
    weights : str
        "random" (drawn from Keras' global seed), "imagenet" (Keras downloads and verifies them),
        or the path of a weights file of Keras.
    parameter : str
        The key of `weights` in params.yaml, for messages.
    name : str
        The network's name, for messages.
    **options
        Passed to `build`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ColorizationError
        If the weights cannot be found or downloaded, or belong to another network.
    """
    if weights == "imagenet":
        try:
            return build(weights="imagenet", **options)
        except Exception as error:  # Keras raises Exception if a download fails.
            raise ColorizationError(
                f"{parameter}: cannot download the ImageNet weights of {name} "
                f"({reason(error)}); put the file into ~/.keras/models, name its path as "
                f"{parameter}, or use random"
            ) from error
    network = build(weights=None, **options)
    if weights != "random":
        load_weights(network, weights_file(weights, parameter), parameter, name)
    return network


def load_weights(network: keras.Model, path: Path, parameter: str, name: str) -> None:
    """Load a weights file: `.weights.h5`, or the older `.h5` that Keras publishes.

    Raises
    ------
    ColorizationError
        If the file cannot be read, contains anything but finite numbers, or belongs to another
        network.
    """
    # For untrusted files, h5py and Keras may raise any exception.
    try:
        check_finite(path)
        network.load_weights(path)
    except Exception as error:
        raise ColorizationError(
            f"{parameter}: {path} does not contain weights of {name} ({reason(error)})"
        ) from error
