"""Colorize gray photographs, and reproduce the experiments of "Image Colorization" (2023)."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from colorization.core.errors import ColorizationError

if TYPE_CHECKING:
    from colorization.colorizing.colorizer import Colorizer

__all__ = ["ColorizationError", "load"]


def load(model: str | Path | None = None) -> "Colorizer":
    """Load a packaged model.

    Parameters
    ----------
    model : path, optional
        A folder written by the stage `package`, such as "models/chosen". Default: the released
        model, which is installed with this package.

    Returns
    -------
    Colorizer
        Call it with a photograph (path, PIL image or array); it returns a PIL image in color.

    Raises
    ------
    ColorizationError
        If the package is incomplete, or a file in it is not the one that was packaged.

    Examples
    --------
    >>> colorize = colorization.load()
    >>> colorize("photo.jpg").save("colorized.png")
    """
    # Lazy, by name: every stage imports this module, but only some need the colorizer.
    return import_module("colorization.colorizing.colorizer").load(model)
