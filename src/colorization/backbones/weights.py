"""Checks the weights that a parameter names; needs no Keras, so that `check` is quick."""

from pathlib import Path

from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of_files
from colorization.core.records import Record
from colorization.core.workspace import local_path

NAMED = ("random", "imagenet")


class Pretrained(Record):
    """The record of a pretrained network, kept with the results that were made with it.

    `weights` is "random", "imagenet" or the sha256 of a weights file. `precision` is Keras' dtype
    policy; it is known only where the network ran by itself.
    """

    network: str
    weights: str
    precision: str | None = None

    @property
    def random(self) -> bool:
        """Whether the weights are random, so that the features carry no semantics."""
        return self.weights == "random"


def weights_file(weights: str, parameter: str) -> Path:
    """Find the weights file that a parameter names.

    Parameters
    ----------
    weights : str
        The path; see `local_path`.
    parameter : str
        The parameter that holds `weights`, for messages.

    Returns
    -------
    Path

    Raises
    ------
    ColorizationError
        If there is no such file, or it is not one that Keras loads.
    """
    path = local_path(weights)
    try:
        found = path.is_file()
    except OSError as error:
        raise ColorizationError(
            f"{parameter}: {weights!r} cannot be looked for ({error.strerror})"
        ) from error
    if not found:
        what = "is no file" if path.exists() else "does not exist"
        raise ColorizationError(
            f"{parameter} must be {', '.join(NAMED)}, or the path of a weights file; "
            f"found {weights!r}, which {what}"
        )
    if not path.name.endswith(".h5"):
        raise ColorizationError(
            f"{parameter}: {weights} must be a file that Keras wrote, ending in .h5"
        )
    return path


def fingerprint_weights(weights: str, parameter: str, hash_cache: Path) -> str:
    """Identify pretrained weights: "random", "imagenet", or the sha256 of a file.

    Parameters
    ----------
    weights : str
    parameter : str
        The parameter that holds `weights`, for messages.
    hash_cache : Path
        See `hashing.sha256_of_files`.

    Returns
    -------
    str

    Raises
    ------
    ColorizationError
        As from `weights_file`.
    """
    if weights in NAMED:
        return weights
    return sha256_of_files([weights_file(weights, parameter)], hash_cache)[0]
