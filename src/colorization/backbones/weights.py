"""Finds and identifies the weights of a parameter; does not import Keras, so `check` is quick."""

from pathlib import Path

from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of_files
from colorization.core.workspace import local_path

NAMED_WEIGHTS = ("random", "imagenet")


def weights_file(weights: str, parameter: str) -> Path:
    """Find the weights file of a parameter.

    Parameters
    ----------
    weights : str
        The path; see `local_path`.
    parameter : str
        The key of `weights` in params.yaml, for messages.

    Returns
    -------
    Path

    Raises
    ------
    ColorizationError
        If the file does not exist, or Keras could not load it because of its name.
    """
    path = local_path(weights)
    try:
        exists = path.is_file()
    except OSError as error:
        raise ColorizationError(
            f"{parameter}: cannot access {weights!r} ({error.strerror})"
        ) from error
    if not exists:
        problem = "is not a file" if path.exists() else "does not exist"
        raise ColorizationError(
            f"{parameter} must be {', '.join(NAMED_WEIGHTS)}, or the path of a weights file; "
            f"found {weights!r}, which {problem}"
        )
    if not path.name.endswith(".h5"):
        raise ColorizationError(
            f"{parameter}: {weights} must be a weights file of Keras, ending in .h5"
        )
    return path


def fingerprint_weights(weights: str, parameter: str, hash_cache: Path) -> str:
    """Identify pretrained weights: "random", "imagenet", or the sha256 of a file.

    Parameters
    ----------
    weights : str
    parameter : str
        The key of `weights` in params.yaml, for messages.
    hash_cache : Path
        See `hashing.sha256_of_files`.

    Returns
    -------
    str

    Raises
    ------
    ColorizationError
        See `weights_file`.
    """
    if weights in NAMED_WEIGHTS:
        return weights
    return sha256_of_files([weights_file(weights, parameter)], hash_cache)[0]
