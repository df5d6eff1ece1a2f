"""Convert photographs to the networks' input, for training and colorizing alike.

A photograph is decoded (a large JPEG at a fraction of its size), composited on white where it is
transparent, cropped or resized, and converted to L, rounded as in the cached arrays.
"""

import numpy as np
from PIL import Image, ImageOps

from colorization.color import lab
from colorization.photos import decoding

# A JPEG may be decoded at a fraction of its size if each side stays this many times as long as
# needed. Pillow's own `thumbnail` keeps the same margin.
MARGIN = 2
FILTER = Image.Resampling.BICUBIC
# A side to be reduced by more than this factor is first averaged to this many times its final
# length: otherwise the filter's weights would take 32 bytes for each of its pixels.
MOST_REDUCED = 1024

MAX_ASPECT = 4.0  # longer over shorter side; longer photographs are squashed
STEP = 32  # px; the networks halve each side up to five times


def decode_square(image: Image.Image, image_size: int) -> np.ndarray:
    """Decode the center square of a photograph, for training.

    Parameters
    ----------
    image : Image.Image
        Any mode; cannot be used afterwards. A large JPEG that is not decoded yet is decoded at a
        fraction of its size.
    image_size : int
        Side of the result in px.

    Returns
    -------
    (image_size, image_size, 3) uint8 array
        sRGB.

    Raises
    ------
    ColorizationError
        As `decoding.to_srgb`.
    """
    rgb = decoding.to_srgb(image, least_side=MARGIN * image_size)
    return center_square(rgb, image_size)


def center_square(image: Image.Image, side: int) -> np.ndarray:
    """Crop the center square of a decoded image, and resize it.

    Parameters
    ----------
    image : Image.Image
        Mode RGB or L.
    side : int
        Side of the result in px.

    Returns
    -------
    (side, side, 3) or (side, side) uint8 array
    """
    return np.asarray(ImageOps.fit(image, (side, side), FILTER))


def center_luminance(image: Image.Image, largest: int) -> np.ndarray:
    """Convert the center square of an image to L, at the size that it has.

    Parameters
    ----------
    image : Image.Image
        Any mode; cannot be used afterwards. A large JPEG that is not decoded yet is decoded at a
        fraction of its size.
    largest : int
        px; a larger square is reduced to this side.

    Returns
    -------
    (S, S, 1) float32 array
        CIE L* / 50 - 1, in [-1, 1].

    Raises
    ------
    ColorizationError
        As `decoding.to_srgb`.
    """
    rgb = decoding.to_srgb(image, least_side=MARGIN * largest)
    return luminance(center_square(rgb, min(largest, *rgb.size)))


def prepare_input(rgb: Image.Image, size: tuple[int, int], image_size: int) -> np.ndarray:
    """Convert a decoded photograph to the input of a network that colorizes it.

    Parameters
    ----------
    rgb : Image.Image
        Mode RGB, upright; a large JPEG may have been decoded at a fraction of its size, see
        `MARGIN`.
    size : (int, int)
        The photograph's own width and height, px.
    image_size : int
        Shorter side of the result in px.

    Returns
    -------
    (H, W, 1) float32 array
        CIE L* / 50 - 1, in [-1, 1], of `input_size`. For a square photograph, the L of
        `decode_square`.
    """
    resized = rgb.resize(input_size(size, image_size), FILTER, reducing_gap=MOST_REDUCED)
    return luminance(np.asarray(resized))


def input_size(size: tuple[int, int], image_size: int) -> tuple[int, int]:
    """Width and height, px, of a network's input for an upright photograph of a given size."""
    width, height = size
    ratio = min(max(width, height) / min(width, height), MAX_ASPECT)
    longer = max(image_size, STEP * round(image_size * ratio / STEP))
    return (longer, image_size) if width >= height else (image_size, longer)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB to L, rounded as in the cached arrays.

    Parameters
    ----------
    rgb : (..., H, W, 3) uint8 array
        sRGB.

    Returns
    -------
    (..., H, W, 1) float32 array
        CIE L* / 50 - 1, in [-1, 1].
    """
    return lab.luminance(rgb).astype(lab.CACHE_DTYPE).astype(np.float32)
