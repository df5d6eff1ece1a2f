"""Make small copies of a result, in gray and in color, for a contact sheet."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.photos import decoding

LONGEST = 320  # px; two of them, in text, take about 20 KB
QUALITY = 72  # of WebP


class Thumbnails(NamedTuple):
    """Two small images of a photograph.

    Attributes
    ----------
    size : (int, int)
        Width and height, px.
    gray, color : bytes
        WebP files.
    """

    size: tuple[int, int]
    gray: bytes
    color: bytes


def make_thumbnails(path: Path, page: int | None, *, right_half: bool) -> Thumbnails:
    """Make the thumbnails of an image file.

    Parameters
    ----------
    path : Path
    page : int or None
        Of a TIFF with several pages, from 0.
    right_half : bool
        Leave out the left half, which is the gray photograph in a result side by side.

    Raises
    ------
    ColorizationError
        If the file cannot be decoded.
    OSError
        If it cannot be opened.
    """
    with originals.opened(path) as file:
        image = decoding.open_image(file, large=True, page=page)
        color = decoding.to_srgb(image, least_side=LONGEST)
    if right_half:
        color = color.crop((color.width // 2, 0, color.width, color.height))
    color.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    gray = originals.join(color.copy(), np.zeros((1, 1, 2), np.float32))
    return Thumbnails(color.size, _webp(gray), _webp(color))


def _webp(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "WEBP", quality=QUALITY)
    return content.getvalue()
