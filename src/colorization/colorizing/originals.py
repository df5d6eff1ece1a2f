"""Photographs as people have them: read with all that they carry, and written back in colour."""

import io
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from colorization.colorizing import exif, mark
from colorization.core.errors import ColorizationError
from colorization.core.files import whole_file
from colorization.imaging import decoding, lab
from colorization.imaging.strips import strips

# What an image may be written as, by its ending; other inputs become PNG.
FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
# Colours are what this is about: JPEG's own halving of their resolution is switched off.
# Not "optimize": for that, Pillow holds all coefficients of an image in memory.
OPTIONS: dict[str, dict] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {"compress_level": 4},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"quality": 95},
}
PIXELS_AT_A_TIME = 200_000
NO_FILE = "not a file, but a folder, a pipe, a socket or a device"


@dataclass(frozen=True)
class Original:
    """A decoded photograph.

    Attributes
    ----------
    rgb : Image.Image
        Mode RGB, or RGBA where anything is transparent, sRGB, upright.
    exif : bytes
        What it says of who took it, with what, when and where; not of its orientation, which has
        been applied, nor of the layout of its file. Empty where there is nothing to keep.
    """

    rgb: Image.Image
    exif: bytes


def open_file(path: Path) -> BinaryIO:
    """Open a photograph to read it.

    Raises
    ------
    ColorizationError
        If it is a pipe or a device, which might never end.
    OSError
        If it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ColorizationError(NO_FILE)
    return path.open("rb")


def pixels(path: Path) -> int:
    """Count the pixels of an image without decoding it; 0 where it is none."""
    try:
        with Image.open(path, formats=decoding.FORMATS) as image:
            return image.width * image.height
    except Exception:
        return 0  # decoding tells why


def read_original(path: Path) -> Original:
    """Decode a photograph in full size.

    Raises
    ------
    ColorizationError
        If it cannot be decoded, or has over 179 megapixels.
    """
    with open_file(path) as file:
        return decode_original(file)


def decode_original(source: bytes | BinaryIO) -> Original:
    """Decode a photograph in full size, from what a file holds; raises as `read_original`."""
    image = decoding.open_image(source, large=True)
    decoding.load(image)
    kept = exif.kept(image)
    return Original(decoding.to_srgb_with_alpha(image), kept)


def encode_png(original: Original, rgb: Image.Image, xmp: bytes) -> bytes:
    """Give what `write_original` writes into a PNG file."""
    content = io.BytesIO()
    rgb.save(content, "PNG", **OPTIONS["PNG"], **_carried("PNG", original.exif, xmp))
    return content.getvalue()


def write_original(
    original: Original, rgb: Image.Image, out: Path, *, xmp: bytes = b"", replace: bool = True
) -> None:
    """Write an image in the format that its ending names, with what the original carried.

    Parameters
    ----------
    original : Original
    rgb : Image.Image
        Mode RGB or RGBA, sRGB; EXIF is the original's.
    out : Path
        Appears under its name when it is whole.
    xmp : bytes
        As `mark.mark` gives it; empty for none.
    replace : bool
        Whether what stands there is replaced.

    Raises
    ------
    ColorizationError
        If the format cannot hold it.
    OSError
        If there is no room for it, say.
    """
    kind = FORMATS[out.suffix.lower()]
    if kind == "JPEG":  # knows no transparency
        rgb = rgb.convert("RGB") if rgb.mode == "RGBA" else rgb
    options = OPTIONS[kind] | _carried(kind, original.exif, xmp)
    with whole_file(out, replace=replace) as partial:
        try:
            _save(rgb, partial, kind, options)
        # a side too long for WebP, a tag that libtiff refuses
        except (ValueError, RuntimeError) as error:
            raise ColorizationError(f"cannot be written as {kind}: {error}") from error
        if kind == "TIFF" and original.exif:
            exif.append_to_tiff(partial, original.exif)


def _carried(kind: str, exif_content: bytes, xmp: bytes) -> dict[str, Any]:
    """Options that write EXIF and XMP; a TIFF has both in one table."""
    said, marked = exif.options(kind, exif_content), mark.options(kind, xmp)
    if kind != "TIFF" or not marked:
        return said | marked
    return {"tiffinfo": said.get("tiffinfo", {}) | marked["tiffinfo"]}


def _save(image: Image.Image, path: Path, kind: str, options: dict) -> None:
    # libtiff notices a full disk by itself, and in memory would not say what stands in its gaps.
    with path.open("wb") if kind == "TIFF" else _Checked(io.FileIO(path, "w")) as file:
        try:
            image.save(file, kind, **options)
        except (OSError, RuntimeError) as error:
            if getattr(error, "errno", None) is None:  # "encoder error -2": the disk itself tells
                file.seek(0, io.SEEK_END)
                file.write(bytes(1 << 20))
                file.flush()
            raise


class _Checked(io.BufferedWriter):
    """A file without a number, by which encoders would write to it and miss a full disk."""

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


def join(rgb: Image.Image, ab: np.ndarray, *, beside_grey: bool = False) -> Image.Image:
    """Give a photograph colours and keep its own L in full resolution.

    Parameters
    ----------
    rgb : Image.Image
        Mode RGB or RGBA, sRGB; it is coloured in place where nothing stands beside it.
    ab : (h, w, 2) float32 array
        CIE a*, b* / AB_SCALE of the whole photograph, at any size; enlarged bicubically.
    beside_grey : bool
        Put L alone to the left, and leave out transparency.

    Returns
    -------
    Image.Image
        Of the same mode, sRGB, of the photograph's size; or RGB, and twice as wide.
    """
    colours = [Image.fromarray(channel) for channel in np.moveaxis(ab.astype(np.float32), -1, 0)]
    x_scale, y_scale = ab.shape[1] / rgb.width, ab.shape[0] / rgb.height
    joined = Image.new("RGB", (2 * rgb.width, rgb.height)) if beside_grey else rgb
    for box in strips(rgb.size, PIXELS_AT_A_TIME):
        left, top, right, bottom = box
        seen = (left * x_scale, top * y_scale, right * x_scale, bottom * y_scale)
        size = (right - left, bottom - top)
        enlarged = [
            np.asarray(channel.resize(size, Image.Resampling.BICUBIC, seen)) for channel in colours
        ]
        piece = rgb.crop(box)
        L = lab.luminance(np.asarray(piece)[..., :3])
        coloured = Image.fromarray(lab.lab_to_rgb(L, np.stack(enlarged, axis=-1)))
        if beside_grey:
            joined.paste(Image.fromarray(lab.lab_to_rgb(L, np.zeros(2))), (left, top))
            joined.paste(coloured, (rgb.width + left, top))
        else:
            if piece.mode == "RGBA":
                coloured.putalpha(piece.getchannel("A"))
            joined.paste(coloured, (left, top))
    return joined
