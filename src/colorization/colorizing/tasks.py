"""The tasks of worker processes: all that decodes or encodes the file of a photograph."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.mark import mark
from colorization.core.errors import ColorizationError
from colorization.photos import model_input

MadeWith = tuple[str, float | None, float]  # the arguments of `mark`


def count_pixels(path: Path, page: int | None) -> int:
    """Count the pixels of a photograph; see `originals.count_pixels`."""
    return originals.count_pixels(path, page)


def network_input(path: Path, page: int | None, image_size: int) -> np.ndarray:
    """Give L, (H, W, 1) float32, as a network takes it; see `Colorizer.see`."""
    with originals.open_file(path) as file:
        return model_input.luminance(model_input.whole(file, image_size, page))


def write(
    path: Path,
    page: int | None,
    ab: np.ndarray,
    out: Path,
    made_with: MadeWith,
    *,
    beside_gray: bool,
    overwrite: bool,
) -> None:
    """Join a photograph with predicted colors and write the result.

    Parameters
    ----------
    path : Path
        Of the photograph.
    page : int or None
        Which one of a TIFF with several.
    ab : (h, w, 2) float32 array
        CIE a*, b* / AB_SCALE; see `originals.join`.
    out : Path
    made_with : MadeWith
        Goes into the mark.
    beside_gray : bool
        Put the gray photograph to the left.
    overwrite : bool
        Whether a result that is there already is replaced.

    Raises
    ------
    ColorizationError
        If the photograph cannot be decoded, or the result not be written.
    """
    original = originals.read_original(path, page)
    colorized = originals.join(original.rgb, ab, beside_gray=beside_gray)
    original = replace(original, rgb=colorized)  # the gray one is no longer needed
    try:
        originals.write_original(original, colorized, out, mark=mark(*made_with), replace=overwrite)
    except OSError as error:
        raise ColorizationError(_why_not_written(error, out)) from error


def upload(content: bytes, image_size: int, preview_size: int) -> tuple[np.ndarray, Image.Image]:
    """Give the L of a photograph, as `network_input`, and the photograph small enough to show.

    Parameters
    ----------
    content : bytes
        Of the photograph's file.
    image_size : int
        px, of the network's input.
    preview_size : int
        px, the longer side of the small photograph.

    Returns
    -------
    L : (H, W, 1) float32 array
    preview : Image.Image
        Mode RGB or RGBA, sRGB, upright.
    """
    L = model_input.luminance(model_input.whole(content, image_size))
    preview = originals.decode_original(content).rgb
    preview.thumbnail((preview_size, preview_size), Image.Resampling.LANCZOS)
    return L, preview


def png(content: bytes, ab: np.ndarray, made_with: MadeWith) -> bytes:
    """Give a photograph in color and full size as PNG, as `write` writes it."""
    original = originals.decode_original(content)
    return originals.encode_png(original, originals.join(original.rgb, ab), mark(*made_with))


def _why_not_written(error: OSError, out: Path) -> str:
    if isinstance(error, FileExistsError) and error.filename == str(out):
        return f"{out} is there already; --skip-existing skips it, --overwrite replaces it"
    return f"cannot write {out}: {error.strerror or error}"
