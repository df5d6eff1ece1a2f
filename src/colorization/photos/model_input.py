"""Converts photographs into what the networks see; no other module does.

Training, `colorization.load`, the command `colorize` and the exported models all call this module.
It decodes a photograph (a large JPEG at a fraction of its size) and lays it on white where it is
transparent. Then it crops or resizes the photograph, and rounds its L as in the cached arrays.
"""

from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from colorization.color import lab
from colorization.photos import decoding

# A JPEG may be decoded at a fraction of its size if each side stays this many times as long as
# needed. Pillow's own `thumbnail` keeps the same margin.
MARGIN = 2
FILTER = Image.Resampling.BICUBIC
# A line that is to be reduced more than this many times is first averaged to this many times its
# final length: else the filter's weights would take 32 bytes for each of its pixels.
MOST_REDUCED = 1024

LONGEST = 4.0  # times the shorter side; a longer strip is squashed
STEP = 32  # px; the networks halve each side up to five times


def square(content: bytes, image_size: int) -> np.ndarray:
    """Give a photograph's center square, on which a network is trained.

    Parameters
    ----------
    content : bytes
        Content of an image file.
    image_size : int
        Side of the result in px.

    Returns
    -------
    (image_size, image_size, 3) uint8 array
        sRGB.

    Raises
    ------
    ColorizationError
        As `decoding.open_image` and `decoding.to_srgb`.
    """
    rgb = decoding.to_srgb(decoding.open_image(content), least_side=MARGIN * image_size)
    return center_square(rgb, image_size)


def pixels_to_decode(content: bytes, image_size: int) -> int:
    """Count the pixels that `square` will hold in memory; the errors are those of `square`."""
    return decoding.pixels_to_decode(decoding.open_image(content), MARGIN * image_size)


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


def whole(source: bytes | BinaryIO, image_size: int, page: int | None = None) -> np.ndarray:
    """Give a whole photograph in its aspect ratio, as a network colorizes it.

    Parameters
    ----------
    source : bytes or binary file
        An image file's content; up to 179 megapixels.
    image_size : int
        Shorter side of the result in px.
    page : int, optional
        Of a TIFF with several, from 0.

    Returns
    -------
    (H, W, 3) uint8 array
        sRGB, of `input_size`. A square photograph gives the same bytes as `square`.

    Raises
    ------
    ColorizationError
        As `decoding.open_image` and `decoding.to_srgb`.
    """
    return whole_image(decoding.open_image(source, large=True, page=page), image_size)


def whole_image(image: Image.Image, image_size: int) -> np.ndarray:
    """Give what `whole` gives, for an image that is already open.

    Parameters
    ----------
    image : Image.Image
        Any mode. The image cannot be used afterwards. Pixels in memory are taken as they are; a
        JPEG that is not decoded yet is decoded as `whole` does it.
    image_size : int
        Shorter side of the result in px.

    Returns
    -------
    (H, W, 3) uint8 array
        sRGB, of `input_size`.
    """
    size = input_size(decoding.upright_size(image), image_size)
    rgb = decoding.to_srgb(image, least_side=MARGIN * image_size)
    return np.asarray(rgb.resize(size, FILTER, reducing_gap=MOST_REDUCED))


def input_size(size: tuple[int, int], image_size: int) -> tuple[int, int]:
    """Width and height in px at which a network sees a whole photograph of a given size."""
    width, height = size
    ratio = min(max(width, height) / min(width, height), LONGEST)
    longer = max(image_size, STEP * round(image_size * ratio / STEP))
    return (longer, image_size) if width >= height else (image_size, longer)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Give L as a network sees it, rounded as in the cached arrays.

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
