"""How a photograph becomes what the networks see: the one place that knows it.

Training, `colorization.load`, the command `colorize` and the exported models all call this. A
photograph is decoded, a large JPEG at a fraction of its size, and laid on white where it is
transparent; then it is cropped or resized, and its L is rounded as the cached arrays hold it.
"""

from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from colorization.imaging import decoding, lab

# A JPEG may be decoded at a fraction of its size if that leaves so many times what is needed on
# each side: the margin that Pillow's own `thumbnail` keeps.
MARGIN = 2
FILTER = Image.Resampling.BICUBIC
# A line that is reduced more than so many times is averaged to that first: the filter's weights
# would take 32 bytes for each of its pixels.
MOST_REDUCED = 1024

LONGEST = 4.0  # times the shorter side; a longer strip is squashed
STEP = 32  # px; the networks halve each side up to five times


def square(content: bytes, image_size: int) -> np.ndarray:
    """Give what a network is trained on: a photograph's centre square.

    Parameters
    ----------
    content : bytes
        Of an image file.
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
    return centre_square(rgb, image_size)


def pixels_to_decode(content: bytes, image_size: int) -> int:
    """Count the pixels that `square` will have in memory; it raises what `square` does."""
    return decoding.pixels_to_decode(decoding.open_image(content), MARGIN * image_size)


def centre_square(image: Image.Image, side: int) -> np.ndarray:
    """Crop the centre square of a decoded image, and resize it.

    Parameters
    ----------
    image : Image.Image
        Mode RGB or L.
    side : int
        Of the result, in px.

    Returns
    -------
    (side, side, 3) or (side, side) uint8 array
    """
    return np.asarray(ImageOps.fit(image, (side, side), FILTER))


def whole(source: bytes | BinaryIO, image_size: int) -> np.ndarray:
    """Give what a network colorizes: all of a photograph, its aspect kept.

    Parameters
    ----------
    source : bytes or binary file
        An image file's content; up to 179 megapixels.
    image_size : int
        Shorter side of the result in px.

    Returns
    -------
    (H, W, 3) uint8 array
        sRGB, of `seen_size`. Of a square photograph, the same bytes as `square` gives.

    Raises
    ------
    ColorizationError
        As `decoding.open_image` and `decoding.to_srgb`.
    """
    return whole_image(decoding.open_image(source, large=True), image_size)


def whole_image(image: Image.Image, image_size: int) -> np.ndarray:
    """Give what a network colorizes, as `whole`, of an image that is open already.

    Parameters
    ----------
    image : Image.Image
        Any mode; it is used up. Where its pixels are in memory, they count as they are; a JPEG that
        is not decoded yet is decoded as `whole` does it.
    image_size : int
        Shorter side of the result in px.

    Returns
    -------
    (H, W, 3) uint8 array
        sRGB, of `seen_size`.
    """
    size = seen_size(decoding.upright_size(image), image_size)
    rgb = decoding.to_srgb(image, least_side=MARGIN * image_size)
    return np.asarray(rgb.resize(size, FILTER, reducing_gap=MOST_REDUCED))


def seen_size(size: tuple[int, int], image_size: int) -> tuple[int, int]:
    """Width and height, in px, at which a network sees the whole of a photograph of some size."""
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


def square_for(L: np.ndarray, side: int) -> np.ndarray:
    """Resize L to the square that an embedding network takes, whatever its aspect was.

    Parameters
    ----------
    L : (..., H, W, 1) float32 array
    side : int
        Of the square, in px.

    Returns
    -------
    (..., side, side, 1) float32 array
        Bilinear where it is enlarged, an average where it is reduced; see `resize_matrix`.
    """
    height, width = L.shape[-3:-1]
    if height == width == side:
        return L
    wide = _resized(L.reshape(-1, height, width), resize_matrix(width, side))
    square = _resized(wide.swapaxes(1, 2), resize_matrix(height, side)).swapaxes(1, 2)
    return square.reshape(*L.shape[:-3], side, side, 1)


def _resized(lines: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiply lines, (N, M, from_px), by a matrix that is 0 but for a few weights in each row.

    Weight by weight: a dense product would take every core, and sum in an order of its own.
    """
    first = np.argmax(matrix > 0, axis=1)
    longest = int(np.count_nonzero(matrix, axis=1).max())
    resized = np.zeros((*lines.shape[:2], len(matrix)), np.float32)
    for place in range(longest):
        column = np.minimum(first + place, matrix.shape[1] - 1)
        weight = np.where(
            first + place < matrix.shape[1], matrix[np.arange(len(matrix)), column], 0
        )
        resized += weight.astype(np.float32) * lines[..., column]
    return resized


def resize_matrix(from_px: int, to_px: int) -> np.ndarray:
    """Give the matrix that resizes a line of pixels; an image takes one for rows, one for columns.

    Parameters
    ----------
    from_px, to_px : int
        Length of the line before and after.

    Returns
    -------
    (to_px, from_px) float32 array
        Each row holds what its pixel takes of each pixel before, and sums to 1: weights fall in a
        triangle from the pixel's centre, as wide as it is itself before where it is reduced.

    Notes
    -----
    As `tf.image.resize(..., antialias=True)` and `jax.image.resize(..., "linear")` do it, with
    pixel centres at halves. In float32 like theirs: in double precision some weights would differ
    from theirs by 2e-5.
    """
    reduction = np.float32(1) / (np.float32(to_px) / np.float32(from_px))
    before = np.arange(from_px, dtype=np.float32) + np.float32(0.5)
    after = (np.arange(to_px, dtype=np.float32) + np.float32(0.5)) * reduction
    distance = np.abs(before - after[:, None]) / max(reduction, np.float32(1))
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)
