"""Photographs as people have them: read with all that they carry, and written back in colour."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from colorization.core.errors import ColorizationError
from colorization.core.files import whole_file
from colorization.imaging import decoding, lab

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
INPUTS = ("BMP", "GIF", *sorted(set(FORMATS.values())))
# Colours are what this is about: JPEG's own halving of their resolution is switched off.
# Not "optimize": for that, Pillow holds all coefficients of an image in memory.
OPTIONS: dict[str, dict] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {"compress_level": 4},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"quality": 95},
}
KEPT_TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
KEPT_PARTS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
PIXELS_AT_A_TIME = 200_000


@dataclass(frozen=True)
class Original:
    """A decoded photograph.

    Attributes
    ----------
    rgb : Image.Image
        Mode RGB, sRGB, upright.
    alpha : Image.Image or None
        Mode L, of the same size.
    exif : bytes
        What it says of who took it, with what, when and where; not of its orientation, which has
        been applied, nor of the layout of its file. Empty where there is nothing to keep.
    """

    rgb: Image.Image
    alpha: Image.Image | None
    exif: bytes


def pixels(path: Path) -> int:
    """Count the pixels of an image without decoding it; 0 where it is none."""
    try:
        with Image.open(path, formats=INPUTS) as image:
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
    image = decoding.open_image(path.read_bytes(), large=True)
    rgb, alpha = decoding.to_srgb_and_alpha(image)
    return Original(rgb, alpha, _kept_exif(image))


def write_original(
    original: Original, rgb: Image.Image, out: Path, *, replace: bool = True
) -> None:
    """Write an image in the format that its ending names, with what the original carried.

    Parameters
    ----------
    original : Original
    rgb : Image.Image
        Mode RGB, sRGB; alpha and EXIF are the original's if it has the same size.
    out : Path
        Appears under its name when it is whole.
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
    if original.alpha is not None and kind != "JPEG" and rgb.size == original.alpha.size:
        rgb = rgb.copy()
        rgb.putalpha(original.alpha)
    options = OPTIONS[kind] | ({"exif": original.exif} if original.exif else {})
    with whole_file(out, replace=replace) as partial:
        try:
            _save(rgb, partial, kind, options)
        # EXIF too long for a JPEG segment, a side too long for WebP, a tag that libtiff refuses
        except (ValueError, RuntimeError) as error:
            raise ColorizationError(f"cannot be written as {kind}: {error}") from error


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
        Mode RGB, sRGB.
    ab : (h, w, 2) float32 array
        CIE a*, b* / AB_SCALE of the whole photograph, at any size; enlarged bicubically.
    beside_grey : bool
        Put L alone to the left.

    Returns
    -------
    Image.Image
        Mode RGB, sRGB, of the photograph's size, or twice as wide.
    """
    colours = [Image.fromarray(channel) for channel in np.moveaxis(ab.astype(np.float32), -1, 0)]
    left = rgb.width if beside_grey else 0
    joined = Image.new("RGB", (left + rgb.width, rgb.height))
    scale = ab.shape[0] / rgb.height
    lines = max(1, PIXELS_AT_A_TIME // rgb.width)
    for top in range(0, rgb.height, lines):
        bottom = min(top + lines, rgb.height)
        box = (0, top * scale, ab.shape[1], bottom * scale)
        enlarged = [
            np.asarray(channel.resize((rgb.width, bottom - top), Image.Resampling.BICUBIC, box))
            for channel in colours
        ]
        L, _ = lab.rgb_to_lab(np.asarray(rgb.crop((0, top, rgb.width, bottom))))
        strip = lab.lab_to_rgb(L, np.stack(enlarged, axis=-1))
        joined.paste(Image.fromarray(strip), (left, top))
        if beside_grey:
            joined.paste(Image.fromarray(lab.lab_to_rgb(L, np.zeros(2))), (0, top))
    return joined


def _kept_exif(image: Image.Image) -> bytes:
    try:
        before, after = image.getexif(), Image.Exif()
        after.update({tag: before[tag] for tag in KEPT_TAGS if tag in before})
        for part in KEPT_PARTS:
            if content := dict(before.get_ifd(part)):
                content.pop(ExifTags.Base.ColorSpace, None)  # it is sRGB now
                after[part] = content
        return after.tobytes() if len(after) else b""
    except Exception:
        return b""  # damaged
