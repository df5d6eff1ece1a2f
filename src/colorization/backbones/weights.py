"""What a parameter for pretrained weights may name; needs no Keras, so that `check` is quick."""

from pathlib import Path

from colorization.core.errors import ColorizationError

NAMED = ("random", "imagenet")


def weights_file(weights: str, parameter: str) -> Path:
    """The path of a weights file.

    Parameters
    ----------
    weights : str
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
    path = Path(weights).expanduser()
    if not path.is_file():
        raise ColorizationError(
            f"{parameter} must be {', '.join(NAMED)}, or the path of a weights file; "
            f"found {weights!r}, which does not exist"
        )
    if not path.name.endswith(".h5"):
        raise ColorizationError(
            f"{parameter}: {weights} must be a file that Keras wrote, ending in .h5"
        )
    return path
