"""Colorize grey photographs, and reproduce the experiments of "Image Colorization" (2023)."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colorization.colorizing.colorizer import Colorizer


def load(model: str | Path | None = None) -> "Colorizer":
    """Load a packaged model; call what it gives with an array, a PIL image or a path.

    Parameters
    ----------
    model : path, optional
        A folder that the stage `package` made, such as "models/chosen"; unless it is given, the
        model that comes with this program.

    Returns
    -------
    Colorizer
        Takes a photograph and gives it back in colour, as a PIL image.

    Raises
    ------
    colorization.core.errors.ColorizationError
        If the package is not whole, or not what was packaged.

    Examples
    --------
    >>> colorize = colorization.load()
    >>> colorize("photo.jpg").save("colorized.png")
    """
    # By name and not before it is called: every stage imports this module, and no stage this.
    return import_module("colorization.colorizing.colorizer").load(model)
