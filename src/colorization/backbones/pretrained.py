"""Builds networks of `keras.applications` with the weights that a parameter names."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from colorization.backbones.hdf5 import check_weights_file
from colorization.backbones.weights import weights_file
from colorization.core.errors import ColorizationError, reason

# Keras warns of containers that it skips, but raises an error if weights are then missing. A filter
# holds for the whole process: a temporary one, set in a thread, would affect the other threads.
# Appended last, this one overrules no other filter.
warnings.filterwarnings("ignore", "Skipping nested container", append=True)


def build_pretrained(
    build: Callable[..., keras.Model], weights: str, parameter: str, name: str, **options: Any
) -> keras.Model:
    """Build a network and give it its weights.

    Parameters
    ----------
    build : callable
        A function of `keras.applications`.
    weights : str
        "random" (drawn from Keras' global seed), "imagenet" (Keras downloads and verifies them),
        or the path of a weights file that Keras wrote.
    parameter : str
        The parameter that holds `weights`, for messages.
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
        except Exception as error:  # Keras raises a bare Exception when a download fails.
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
        If the file cannot be read, is no plain file of finite numbers, or belongs to another
        network.
    """
    # Anybody may have written this file, so Keras may raise any exception when it reads it.
    try:
        check_weights_file(path)
        network.load_weights(path)
    except Exception as error:
        raise ColorizationError(
            f"{parameter}: {path} does not hold weights of {name} ({reason(error)})"
        ) from error
