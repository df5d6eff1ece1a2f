"""Read photographs with their metadata, and write them in color."""

import io
import stat
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from colorization.color import lab
from colorization.colorizing import metadata
from colorization.colorizing.accepted import FORMATS, NO_FILE
from colorization.colorizing.mark import Mark
from colorization.colorizing.metadata import Metadata
from colorization.core.errors import ColorizationError, PhotographWarning, reason
from colorization.core.files import atomic_write
from colorization.photos import decoding
from colorization.photos.strips import strips

# Subsampling 0: by default, JPEG halves the resolution of colors.
# No "optimize": Pillow would hold all coefficients of an image in memory.
OPTIONS: dict[str, dict] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {"compress_level": 4},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"quality": 95},
}
LONGEST_OF_JPEG = 65_500  # px, libjpeg's limit
PIXELS_AT_A_TIME = 200_000


@dataclass(frozen=True)
class Original:
    """A decoded photograph.

    Attributes
    ----------
    rgb : Image.Image
        Mode RGB, or RGBA if anything is transparent; sRGB, upright.
    metadata : Metadata
        Metadata of its file.
    """

    rgb: Image.Image
    metadata: Metadata = field(default_factory=Metadata)


def open_file(path: Path) -> BinaryIO:
    """Open a photograph for reading.

    Raises
    ------
    ColorizationError
        If it is not a regular file; a pipe or a device might never end.
    OSError
        If it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ColorizationError(NO_FILE)
    return path.open("rb")


def count_pixels(path: Path, page: int | None = None) -> int:
    """Count the pixels of an image without decoding it; 0 if it cannot be opened."""
    try:
        with open_file(path) as file:
            width, height = decoding.open_image(file, large=True, page=page).size
    except ColorizationError:
        return 0
    return width * height


def read_original(path: Path, page: int | None = None) -> Original:
    """Decode a photograph in full size.

    Parameters
    ----------
    path : Path
    page : int, optional
        Of a TIFF with several pages, from 0.

    Raises
    ------
    ColorizationError
        If it cannot be decoded, or has over 179 megapixels.

    Warns
    -----
    PhotographWarning
        If its metadata is damaged.
    """
    with open_file(path) as file:
        return decode_original(file, page)


def decode_original(source: bytes | BinaryIO, page: int | None = None) -> Original:
    """Decode a photograph in full size from a file's content; see `read_original`."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    image = decoding.open_image(file, large=True, page=page)
    decoding.load(image)
    try:
        described = metadata.read(file, page, image.info)
    except Exception as error:  # damaged metadata must not fail the photograph
        warnings.warn(f"metadata dropped: {reason(error)}", PhotographWarning, stacklevel=2)
        described = Metadata()
    return Original(decoding.to_srgb_with_alpha(image), described)


def encode_png(original: Original, rgb: Image.Image, mark: Mark) -> bytes:
    """Return the bytes that `write_original` writes to a PNG file."""
    content = io.BytesIO()
    options = OPTIONS["PNG"] | metadata.options(original.metadata, "PNG", rgb.size, mark)
    rgb.save(content, "PNG", **options)
    return content.getvalue()


def write_original(
    original: Original,
    rgb: Image.Image,
    out: Path,
    *,
    mark: Mark | None = None,
    replace: bool = True,
) -> None:
    """Write an image in the format of its file extension, with the original's metadata.

    Parameters
    ----------
    original : Original
    rgb : Image.Image
        Mode RGB or RGBA, sRGB.
    out : Path
        Written atomically.
    mark : Mark, optional
    replace : bool
        Whether to replace an existing file.

    Raises
    ------
    ColorizationError
        If the format cannot hold the image.
    OSError
        If the file cannot be written, for example on a full disk.

    Warns
    -----
    PhotographWarning
        If some metadata cannot be written.
    """
    kind = FORMATS[out.suffix.lower()]
    if kind == "JPEG":  # JPEG has no transparency
        rgb = rgb.convert("RGB") if rgb.mode == "RGBA" else rgb
    options = OPTIONS[kind] | metadata.options(original.metadata, kind, rgb.size, mark)
    with atomic_write(out, replace=replace) as partial:
        if kind == "JPEG" and max(rgb.size) > LONGEST_OF_JPEG:
            raise ColorizationError(
                f"cannot be written as JPEG: a side is longer than {LONGEST_OF_JPEG:,} px"
            )
        try:
            _save(rgb, partial, kind, options)
        # such as a side too long for WebP
        except (ValueError, RuntimeError) as error:
            raise ColorizationError(f"cannot be written as {kind}: {error}") from error
        if kind == "TIFF":
            metadata.append_to_tiff(partial, original.metadata, rgb.size, mark)


def _save(image: Image.Image, path: Path, kind: str, options: dict) -> None:
    # libtiff itself reports a full disk; through a Python file it would leave gaps undefined.
    with path.open("wb") if kind == "TIFF" else _Checked(io.FileIO(path, "w")) as file:
        try:
            image.save(file, kind, **options)
        except (OSError, RuntimeError) as error:
            if getattr(error, "errno", None) is None:  # "encoder error -2": writing raises why
                file.seek(0, io.SEEK_END)
                file.write(bytes(1 << 20))
                file.flush()
            raise


class _Checked(io.BufferedWriter):
    """A file without a descriptor: encoders that write to a descriptor miss a full disk."""

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


def join(rgb: Image.Image, ab: np.ndarray, *, side_by_side: bool = False) -> Image.Image:
    """Combine a photograph's L, in full resolution, with predicted colors.

    Parameters
    ----------
    rgb : Image.Image
        Mode RGB or RGBA, sRGB; modified in place, unless `side_by_side`.
    ab : (h, w, 2) float32 array
        CIE a*, b* / AB_SCALE, at any size; resized bicubically.
    side_by_side : bool
        Put the gray photograph to the left, without transparency.

    Returns
    -------
    Image.Image
        sRGB, of the photograph's mode and size; if `side_by_side`, RGB and twice as wide.
    """
    channels = [Image.fromarray(channel) for channel in np.moveaxis(ab.astype(np.float32), -1, 0)]
    x_scale, y_scale = ab.shape[1] / rgb.width, ab.shape[0] / rgb.height
    joined = Image.new("RGB", (2 * rgb.width, rgb.height)) if side_by_side else rgb
    for box in strips(rgb.size, PIXELS_AT_A_TIME):
        left, top, right, bottom = box
        source = (left * x_scale, top * y_scale, right * x_scale, bottom * y_scale)
        size = (right - left, bottom - top)
        resized = [
            np.asarray(channel.resize(size, Image.Resampling.BICUBIC, source))
            for channel in channels
        ]
        strip = rgb.crop(box)
        L = lab.luminance(np.asarray(strip)[..., :3])
        colored = Image.fromarray(lab.lab_to_rgb(L, np.stack(resized, axis=-1)))
        if side_by_side:
            joined.paste(Image.fromarray(lab.lab_to_rgb(L, np.zeros(2))), (left, top))
            joined.paste(colored, (rgb.width + left, top))
        else:
            if strip.mode == "RGBA":
                colored.putalpha(strip.getchannel("A"))
            joined.paste(colored, (left, top))
    return joined
