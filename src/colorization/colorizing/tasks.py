"""The tasks of the worker processes: everything that decodes or encodes a file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.borders import Picture
from colorization.colorizing.hints import Hint
from colorization.colorizing.mark import mark
from colorization.colorizing.originals import count_pixels
from colorization.colorizing.prepared import Prepared, prepare, prepare_file
from colorization.colorizing.thumbnails import make_thumbnails
from colorization.core.errors import ColorizationError
from colorization.photos import decoding

__all__ = ["count_pixels", "make_thumbnails", "png", "prepare_file", "upload", "write"]

MadeWith = tuple[str, float | None, float, Sequence[Hint]]  # the arguments of `mark`


def write(
    path: Path,
    page: int | None,
    ab: np.ndarray,
    picture: Picture | None,
    out: Path,
    made_with: MadeWith,
    *,
    side_by_side: bool,
    overwrite: bool,
) -> None:
    """Join a photograph with predicted colors and write the result.

    Parameters
    ----------
    path : Path
        The photograph.
    page : int or None
        Of a TIFF with several pages, from 0.
    ab : (h, w, 2) float32 array
        CIE a*, b* / AB_SCALE; see `originals.join`.
    picture : Picture or None
        What of the photograph `ab` is of; None for all of it.
    out : Path
    made_with : MadeWith
        Recorded in the result.
    side_by_side : bool
        Put the gray photograph to the left of the result.
    overwrite : bool
        Whether to replace an existing result.

    Raises
    ------
    ColorizationError
        If the photograph cannot be decoded or the result cannot be written.
    """
    full_depth = originals.holds_sixteen_bits(out)
    read = originals.read_in_full_depth if full_depth else originals.read_original
    original = read(path, page)
    colorized = originals.join(original.rgb, ab, picture, side_by_side=side_by_side)
    if isinstance(colorized, Image.Image):
        original = replace(original, rgb=cast("Any", colorized))  # the gray one is no longer needed
    try:
        originals.write_original(original, colorized, out, mark=mark(*made_with), replace=overwrite)
    except OSError as error:
        raise ColorizationError(_why_not_written(error, out)) from error


def upload(
    content: bytes, image_size: int, embedder_size: int | None, preview_size: int
) -> tuple[Prepared, Image.Image]:
    """Return the model's inputs for a photograph, and a preview of the photograph.

    Parameters
    ----------
    content : bytes
        The file's content.
    image_size, embedder_size
        See `prepared.prepare`.
    preview_size : int
        Longest side of the preview, px.

    Returns
    -------
    prepared : Prepared
    preview : Image.Image
        Mode RGB or RGBA, sRGB, upright.
    """
    prepared = prepare(lambda: decoding.open_image(content, large=True), image_size, embedder_size)
    preview = originals.read_original(content).rgb
    preview.thumbnail((preview_size, preview_size), Image.Resampling.LANCZOS)
    return prepared, preview


def png(content: bytes, ab: np.ndarray, picture: Picture | None, made_with: MadeWith) -> bytes:
    """Return a photograph in color and full size, as `write` would write it to a PNG file."""
    original = originals.read_in_full_depth(content)
    colorized = originals.join(original.rgb, ab, picture)
    return originals.encode_png(original, colorized, mark(*made_with))


def _why_not_written(error: OSError, out: Path) -> str:
    if isinstance(error, FileExistsError) and error.filename == str(out):
        return f"{out} exists; use --skip-existing or --overwrite"
    return f"cannot write {out}: {error.strerror or error}"
