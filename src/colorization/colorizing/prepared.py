"""Prepare a photograph for a packaged model."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.borders import Picture, find_picture
from colorization.colorizing.own_colors import has_own_colors
from colorization.embedding.embedder_input import prepare_embedder_input
from colorization.photos import decoding, model_input


class Prepared(NamedTuple):
    """What a model takes of a photograph.

    Attributes
    ----------
    L : (H, W, 1) float32 array
        CIE L* / 50 - 1, of `model_input.input_size`.
    square : (S, S, 1) float32 array or None
        The embedding network's input, see `prepare_embedder_input`; None for a model that takes no
        embedding.
    size : (int, int)
        Width and height of the upright photograph, px.
    picture : Picture or None
        What of the photograph both are of, if it has a border; otherwise they are of all of it.
    in_color : bool
        Whether the photograph has colors of its own, see `has_own_colors`.
    """

    L: np.ndarray
    square: np.ndarray | None
    size: tuple[int, int]
    picture: Picture | None = None
    in_color: bool = False

    @property
    def input_pixels(self) -> int:
        """The pixels of all networks' inputs."""
        return self.L.size + (0 if self.square is None else self.square.size)

    @property
    def nbytes(self) -> int:
        """Bytes of memory used."""
        return self.L.nbytes + (0 if self.square is None else self.square.nbytes)


def prepare(
    open_image: Callable[[], Image.Image], image_size: int, embedder_size: int | None
) -> Prepared:
    """Prepare a photograph, without its border.

    Parameters
    ----------
    open_image : callable
        Opens the photograph. Called again for what needs more pixels than L.
    image_size : int
        Shorter side of the network's input, px.
    embedder_size : int or None
        Side of the embedding network's input, px; None without one.

    Raises
    ------
    ColorizationError
        If the photograph cannot be decoded.
    """
    image = open_image()
    size = decoding.upright_size(image)
    rgb = decoding.to_srgb(image, least_side=model_input.MARGIN * image_size)
    picture = find_picture(rgb)

    def open_picture(side: int) -> Image.Image:
        return open_image() if picture is None else _open_picture(open_image(), picture, side)

    if picture is not None:
        rgb = open_picture(image_size)
    L = model_input.prepare_input(rgb, size if picture is None else rgb.size, image_size)
    in_color = has_own_colors(rgb)
    del rgb  # the next one is as large
    square = None
    if embedder_size is not None:
        square = prepare_embedder_input(open_picture(embedder_size), embedder_size)
    return Prepared(L, square, size, picture, in_color)


def _open_picture(image: Image.Image, picture: Picture, side: int) -> Image.Image:
    """Decode the picture in a photograph, with enough pixels to be reduced to a given side."""
    left, top, right, bottom = picture.box
    share = min((right - left) / picture.size[0], (bottom - top) / picture.size[1])
    rgb = decoding.to_srgb(image, least_side=math.ceil(model_input.MARGIN * side / share))
    return rgb.crop(picture.box_in(rgb))


def prepare_file(
    path: Path, page: int | None, image_size: int, embedder_size: int | None
) -> Prepared:
    """Prepare the photograph in a file.

    Parameters
    ----------
    path : Path
    page : int or None
        Of a TIFF with several pages, from 0.
    image_size, embedder_size
        See `prepare`.

    Raises
    ------
    ColorizationError
        As `prepare`.
    OSError
        If the file cannot be opened.
    """
    with ExitStack() as files:

        def open_image() -> Image.Image:
            file = files.enter_context(originals.opened(path))
            return decoding.open_image(file, large=True, page=page)

        return prepare(open_image, image_size, embedder_size)
