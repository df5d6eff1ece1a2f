"""Decode image files to sRGB.

A `PhotographWarning` reports defects of a file that is decoded nevertheless.
"""

import functools
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

# The plugins of the accepted formats. If one is missing, Pillow loads all its plugins.
from PIL import (  # noqa: F401
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageCms,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from colorization.core.errors import ColorizationError
from colorization.photos import jpeg, modern, scaling, tiff
from colorization.photos.strips import Box, strips

_SRGB = ImageCms.createProfile("sRGB")

# Messages for errors without one.
_MESSAGES = {"EOFError": "the file is truncated", "MemoryError": "not enough memory"}

# `open_image` itself refuses such images, or accepts them as `large`. Filters are global: a
# temporary one would affect other threads. This one is appended, so that it overrides no other.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning, append=True)

# Of each compressed text, as of all of them: Pillow refuses a photograph with one of 1 MiB.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY

# Pillow supports many more formats, some of which run other programs; see also `modern`.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
MEMORY_INTENSIVE = {
    "JPEG2000",
    "JXL",
}  # their decoders take up to 25 bytes a pixel; others, up to 12
_BEGINNING = 16  # bytes, which tell formats apart
_GRAY = {"1", "L", "LA", "La"}  # modes without color
# Pillow can decode these at a fraction of their size, before they are loaded.
_REDUCIBLE = ("JPEG", "MPO")

# EXIF 2.32, tag 0x0112. Each function returns a view of an upright array with the file's order of
# rows and columns. Pillow's `exif_transpose` rewrites all EXIF, and fails if any of it is damaged.
_STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: np.rot90,
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}
_SIDES_SWAPPED = {5, 6, 7, 8}
_OPPOSITE = {6: 8, 8: 6}  # of a rotation; the others are their own opposites


def count_pages(source: bytes | BinaryIO) -> int:
    """Count the pages of a file, without decoding any.

    Thumbnails, masks and pyramid levels do not count.

    Parameters
    ----------
    source : bytes or binary file
        A file's content.

    Returns
    -------
    int
        1 for any file but a TIFF, and for a damaged TIFF, which `open_image` refuses.
    """
    file = _file(source)
    try:
        return len(tiff.pages(file)) if tiff.is_tiff(file) else 1
    except ColorizationError:
        return 1


def open_image(
    source: bytes | BinaryIO, *, large: bool = False, page: int | None = None
) -> Image.Image:
    """Open an image, without decoding its pixels yet.

    Parameters
    ----------
    source : bytes or binary file
        An image file's content. A file must stay open until the pixels are decoded.
    large : bool
        Accept twice as many pixels: 179 megapixels. Not of JPEG 2000 and JPEG XL.
    page : int, optional
        Of a TIFF, from 0; see `count_pages`. Default: the only one.

    Returns
    -------
    Image.Image
        In the file's own mode and orientation; of a TIFF that Pillow cannot decode, with 8 bits.

    Raises
    ------
    ColorizationError
        If the format or a TIFF's kind of samples is not supported, the image has more pixels than
        `PIL.Image.MAX_IMAGE_PIXELS` (89 megapixels) or is animated, there are several pages and
        `page` is not given, or there is no such page.
    """
    file = _file(source)
    with reporting():
        image = _opened(file, page)
    limit = Image.MAX_IMAGE_PIXELS
    most = limit and (2 * limit if large and image.format not in MEMORY_INTENSIVE else limit)
    if most is not None and image.width * image.height > most:
        raise ColorizationError(
            f"too many pixels: {image.width:,} x {image.height:,}, more than {most:,}"
        )
    return image


def _file(source: bytes | BinaryIO) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _opened(file: BinaryIO, page: int | None) -> Image.Image:
    if tiff.is_tiff(file):
        return _opened_page(file, tiff.pages(file), page)
    if page:
        raise ColorizationError(f"no page {page + 1}: a single image")
    if name := modern.kind(file):
        return modern.open_as(name, file)
    try:
        file.seek(0)
        image = Image.open(file, formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        raise ColorizationError(_unknown(file)) from error
    # The first image of an MPO is the photograph; others are previews or stereo views.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise ColorizationError("an animation")
    if image.format == "JPEG" and jpeg.lacks_end(file):
        file.seek(0)
        return jpeg.WithoutEnd(file.read())
    return image


def _opened_page(file: BinaryIO, pages: list[tiff.Directory], page: int | None) -> Image.Image:
    if page is None and len(pages) > 1:
        raise ColorizationError(
            f"{len(pages)} pages, not a single photograph; the command colorize accepts them"
        )
    if page is not None and not 0 <= page < len(pages):
        raise ColorizationError(f"no page {page + 1}: {len(pages)} pages")
    directory = pages[page or 0]
    if directory.pillow_decodes_correctly:
        try:
            file.seek(0)
            image = Image.open(file, formats=["TIFF"])
            image.seek(directory.frame)
        except (Image.UnidentifiedImageError, SyntaxError, KeyError):
            pass  # not supported by Pillow
        else:
            return image
    return tiff.TiffPage(file, directory)


def load(image: Image.Image) -> None:
    """Decode an image's pixels; must be called before reading its EXIF.

    The EXIF of a PNG may follow the pixels, so reading it decodes the pixels. If these are
    damaged, only the first attempt raises; later ones return the partially decoded image.

    Raises
    ------
    ColorizationError
        If the pixels cannot be decoded.
    """
    with reporting():
        image.load()


def to_srgb(image: Image.Image, least_side: int | None = None) -> Image.Image:
    """Decode an image to upright 8-bit sRGB.

    The EXIF orientation and an embedded color profile are applied, 16-bit gray is scaled to 8 bits,
    and transparent pixels are composited on white. The range of floating-point pixels is 0 to 1,
    or 0 to 255 if any value exceeds 1.

    Parameters
    ----------
    image : Image.Image
        Any mode. Cannot be used afterwards: its memory is freed or reused.
    least_side : int, optional
        Decode a JPEG at a half, a quarter or an eighth of its size, as long as each side has at
        least this many px. Much faster, and still reads every byte.

    Returns
    -------
    Image.Image
        Mode RGB, sRGB.

    Raises
    ------
    ColorizationError
        If the pixels cannot be decoded, or the mode cannot be converted.

    Warns
    -----
    PhotographWarning
        If a JPEG lacks only its end marker, or no 16-bit value exceeds 12 bits.
    """
    with reporting():
        if least_side and _can_be_reduced(image):
            image.draft(None, (least_side, least_side))
        load(image)
        return _upright(image, "RGB", _on_white)


def to_srgb_with_alpha(image: Image.Image) -> Image.Image:
    """Decode an image as `to_srgb` does, but keep transparency and the colors under it.

    Parameters
    ----------
    image : Image.Image
        Any mode. Cannot be used afterwards.

    Returns
    -------
    Image.Image
        Mode RGBA, or RGB if the image is opaque; sRGB.

    Raises
    ------
    ColorizationError
        As `to_srgb`.
    """
    with reporting():
        load(image)
        return _upright(image, "RGBA" if image.has_transparency_data else "RGB", _with_alpha)


def pixels_to_decode(image: Image.Image, least_side: int) -> int:
    """Count the pixels that `to_srgb` will hold in memory, of an image that is not decoded yet."""
    pixels = image.width * image.height
    # All coefficients of a progressive JPEG are in memory, at any reduction.
    if image.info.get("progressive") or not _can_be_reduced(image):
        return pixels
    largest = min(8, max(1, min(image.size) // least_side))
    reduction = 1 << (largest.bit_length() - 1)  # 1, 2, 4 or 8; Pillow supports no others
    return pixels // reduction**2


def _can_be_reduced(image: Image.Image) -> bool:
    """Whether Pillow can decode an image at a fraction of its size, and has not decoded it yet."""
    file = getattr(image, "fp", None)
    return image.format in _REDUCIBLE and file is not None and jpeg.can_be_reduced(file)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height in px once the EXIF orientation is applied.

    Raises
    ------
    ColorizationError
        If the image is not a JPEG, and its pixels cannot be decoded.
    """
    if image.format not in _REDUCIBLE:
        # Pillow rotates a TIFF when it is loaded; some versions swap its size before.
        load(image)
    width, height = image.size
    return (height, width) if orientation(image) in _SIDES_SWAPPED else (width, height)


@contextmanager
def reporting() -> Iterator[None]:
    """Convert any error of a decoder on damaged data to a ColorizationError of one line."""
    try:
        yield
    except ColorizationError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        most = Image.MAX_IMAGE_PIXELS or 0
        if isinstance(error, Image.DecompressionBombError):
            most *= 2  # which Pillow refuses
        raise ColorizationError(f"too many pixels: more than {most:,}") from error
    except Exception as error:
        raise ColorizationError(f"cannot be decoded: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """An error's message or, if empty, its type in words, such as "assertion error"."""
    if message := " ".join(str(error).split()):
        return message
    name = type(error).__name__
    return _MESSAGES.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _unknown(file: BinaryIO) -> str:
    """The error message for a file that Pillow cannot open."""
    file.seek(0)
    beginning = file.read(_BEGINNING)
    for name in FORMATS:
        _, accept = Image.OPEN[name]
        if accept is not None and accept(beginning):
            return f"damaged, or an unsupported kind of {name}"
    return "not an image"


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 (upright) if missing or damaged."""
    try:
        number = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF
        return 1
    return number if number in _STORED else 1


def turned_upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Return a view of an array, (H, W, ...) with the file's order of rows and columns, upright."""
    return _STORED[_OPPOSITE.get(orientation, orientation)](stored)


def _upright(
    image: Image.Image, mode: str, convert: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Convert a decoded image to a mode, in strips, and apply its orientation.

    Takes at most one byte of additional memory per pixel and channel.
    """
    number = orientation(image)
    if image.mode.startswith(("I", "F")):
        image = _in_eight_bits(image)
    # Always copy a TIFF: its tags would be written into any file it is saved to.
    if image.mode == mode and number == 1 and image.format != "TIFF":
        if not image.info.keys().isdisjoint({"icc_profile", "transparency"}):
            for box in strips(image.size):
                image.paste(convert(image.crop(box)), box)
        image.info.clear()  # profile and transparency no longer apply
        return image
    width, height = image.size
    if number in _SIDES_SWAPPED:
        width, height = height, width
    upright = np.empty((height, width, len(mode)), np.uint8)
    stored = _STORED[number](upright)
    for box in strips(image.size):
        left, top, right, bottom = box
        stored[top:bottom, left:right] = convert(image.crop(box))
    image.close()
    return Image.fromarray(upright)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Scale gray of more bits, which Pillow would clip at 255, to mode L or LA."""
    transparent = image.info.get("transparency")  # a single value, in a PNG

    def values(box: Box) -> np.ndarray:
        return np.asarray(image.crop(box))

    is_float = image.mode == "F"
    # Pillow also stores 16 bits in 32; then the values determine the depth.
    bits = 32 if is_float or image.mode == "I" else 16
    greatest = max(scaling.greatest(values(box)) for box in strips(image.size))
    white = scaling.white("f" if is_float else "i" if bits == 32 else "u", bits, greatest)
    gray = Image.new("L" if transparent is None else "LA", image.size)
    for box in strips(image.size):
        pixels = values(box)
        strip = Image.fromarray(scaling.to_eight_bits(pixels, white))
        if transparent is not None:
            strip.putalpha(Image.fromarray(pixels != transparent).convert("L"))
        gray.paste(strip, box)
    if profile := image.info.get("icc_profile"):
        gray.info["icc_profile"] = profile
    image.close()
    return gray


def _on_white(strip: Image.Image) -> Image.Image:
    opaque, alpha = _separate_alpha(strip)
    if alpha is not None:
        opaque.paste("white", mask=ImageChops.invert(alpha))
    return _converted(opaque)


def _with_alpha(strip: Image.Image) -> Image.Image:
    opaque, alpha = _separate_alpha(strip)
    rgb = _converted(opaque)
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def _separate_alpha(strip: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colors, even of transparent pixels, and the alpha channel, if any."""
    if not strip.has_transparency_data:
        return strip, None
    mode = "L" if strip.mode in _GRAY else "RGB"  # a gray profile applies to gray images only
    strip = strip.convert(f"{mode}A")
    return strip.convert(mode), strip.getchannel("A")


@functools.cache
def _from_lab() -> ImageCms.ImageCmsTransform:
    """The transform from Lab to sRGB; only some TIFFs need it."""
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _SRGB, "LAB", "RGB")


def _converted(strip: Image.Image) -> Image.Image:
    if strip.mode == "LAB":
        return _from_lab().apply(strip)
    profile = strip.info.get("icc_profile")
    if strip.mode == "P":
        strip = strip.convert("RGB")  # a profile describes the palette's colors
    if isinstance(profile, bytes):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(strip, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # damaged, or for another mode: assume sRGB
        else:
            if converted is not None:
                return converted
    return strip if strip.mode == "RGB" else strip.convert("RGB")
