"""Colorize gray photographs, and reproduce the experiments of "Image Colorization" (2023)."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colorization.colorizing.colorizer import Colorizer


def load(model: str | Path | None = None) -> "Colorizer":
    """Load a packaged model, which is called with an array, a PIL image or a path.

    Parameters
    ----------
    model : path, optional
        A folder that the stage `package` made, such as "models/chosen". By default, the model that
        comes with this program.

    Returns
    -------
    Colorizer
        Takes a photograph and gives it back in color, as a PIL image.

    Raises
    ------
    colorization.core.errors.ColorizationError
        If the package is incomplete, or a file in it is not the one that was packaged.

    Examples
    --------
    >>> colorize = colorization.load()
    >>> colorize("photo.jpg").save("colorized.png")
    """
    # Imported by name, when called: every stage imports this module, but none needs the colorizer.
    return import_module("colorization.colorizing.colorizer").load(model)
