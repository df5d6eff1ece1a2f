"""Decodes photographs of an archive to squares, within a limit on the pixels in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from colorization.core.parallel import Postponed
from colorization.photos import decoding, model_input
from colorization.sources import archives


def decode_squares(
    convert: Callable[[Image.Image, int], np.ndarray],
    archive: Path,
    names: Sequence[str],
    image_size: int,
    most_pixels: int,
) -> np.ndarray | Postponed:
    """Decode photographs, and convert each to a square.

    Parameters
    ----------
    convert : callable
        Converts an image that is not decoded yet to an array, (image_size, image_size, C). It holds
        as many of its pixels as `decoding.to_srgb` for sides of `MARGIN * image_size`.
    archive : Path
    names : sequence of str
        N at least 1.
    image_size : int
        px.
    most_pixels : int
        If an image is larger, the task is postponed.

    Returns
    -------
    (N, image_size, image_size, C) array, or Postponed

    Raises
    ------
    ColorizationError
        If an image cannot be decoded.
    """
    squares = []
    for name in names:
        image = decoding.open_image(archives.read_member(archive, name))
        pixels = decoding.pixels_to_decode(image, model_input.MARGIN * image_size)
        if pixels > most_pixels:
            return Postponed(pixels)
        squares.append(convert(image, image_size))
    return np.stack(squares)
