"""Converts photographs to the input of an embedding network; does not import Keras."""

import numpy as np
from PIL import Image

from colorization.embedding.resizing import resize_square
from colorization.photos import model_input


def prepare_embedder_input(image: Image.Image, image_size: int) -> np.ndarray:
    """Convert an image to the input of an embedding network, for training and colorizing alike.

    The center square is reduced from the size that the photograph has, whatever the image size of
    the colorizing network, so that as much as possible can be recognized in it.

    Parameters
    ----------
    image : Image.Image
        Any mode; cannot be used afterwards.
    image_size : int
        Side of the network's input, px.

    Returns
    -------
    (image_size, image_size, 1) float32 array
        CIE L* / 50 - 1, in [-1, 1]. A smaller square is enlarged bilinearly.

    Raises
    ------
    ColorizationError
        As `decoding.to_srgb`.
    """
    return resize_square(model_input.center_luminance(image, image_size), image_size)
