"""Validate photographs that are passed as arrays or PIL images."""

import numpy as np
from PIL import Image

from colorization.core.errors import ColorizationError
from colorization.photos import decoding


def image_in_memory(photograph: np.ndarray | Image.Image) -> Image.Image:
    """Convert a photograph in memory to a PIL image that is independent of it.

    Parameters
    ----------
    photograph : array or PIL image
        For arrays, see `image_from_array`. An image may have any mode. One of mode I that does
        not come from a file has 8 bits if no value exceeds 255, otherwise 16.

    Returns
    -------
    Image.Image

    Raises
    ------
    ColorizationError
        If its type, shape or range is invalid, it is empty, or it cannot be decoded.
    """
    if isinstance(photograph, np.ndarray):
        return image_from_array(photograph)
    if not isinstance(photograph, Image.Image):
        raise ColorizationError(
            "a photograph must be a path, a PIL image or a NumPy array; "
            f"found {type(photograph).__name__}"
        )
    decoding.load(photograph)
    if 0 in photograph.size:
        raise ColorizationError(
            f"the image has no pixels: {photograph.width} x {photograph.height}"
        )
    if photograph.mode == "I" and photograph.format is None:
        values = np.asarray(photograph)
        return image_from_array(values.astype(np.uint16) if _in_16_bits(values) else values)
    return photograph.copy()


def image_from_array(array: np.ndarray) -> Image.Image:
    """Convert an array to an 8-bit image.

    Parameters
    ----------
    array : array
        (H, W) or (H, W, 1), gray; (H, W, 2), gray and alpha; (H, W, 3), RGB; or (H, W, 4), RGB and
        alpha; sRGB. The range is 0 to 65535 for uint16, 0 to 255 for other integers, 0 to 1 for
        floats; True is white.

    Returns
    -------
    Image.Image
        Mode L, LA, RGB or RGBA.

    Raises
    ------
    ColorizationError
        If the shape or type is invalid, the array is empty, or a value is NaN or out of range.
    """
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        raise ColorizationError(
            "an array must be (H, W), or (H, W, C) with 1 to 4 channels; "
            f"found the shape {array.shape}"
        )
    if array.size == 0:
        raise ColorizationError(f"the array has no pixels: its shape is {array.shape}")
    pixels = _eight_bits(array)
    return Image.fromarray(pixels[..., 0] if array.shape[2:] == (1,) else pixels)


def _eight_bits(array: np.ndarray) -> np.ndarray:
    kind = array.dtype.kind  # of any byte order
    if kind not in "biuf":
        raise ColorizationError(f"an array must hold integers, floats or bool; found {array.dtype}")
    deep = kind == "u" and array.dtype.itemsize == 2
    most = 65535 if deep else 255 if kind in "iu" else 1
    least, greatest = array.min(), array.max()
    if not (least >= 0 and greatest <= most):  # or NaN
        raise ColorizationError(
            f"an array of {array.dtype} must hold values from 0 to {most}; "
            f"found {least:g} to {greatest:g}"
        )
    if deep:
        array = array >> 8  # as in files
    elif kind in "bf":
        array = np.rint(array.astype(np.float32) * 255)
    return array.astype(np.uint8, copy=False)


def _in_16_bits(values: np.ndarray) -> bool:
    return bool(values.min() >= 0 and 255 < values.max() < 2**16)
