"""From the bytes of an image file to sRGB pixels."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import ExifTags, Image, ImageChops, ImageCms
from PIL.Image import Transpose

from colorization.core.errors import ColorizationError

_SRGB = ImageCms.createProfile("sRGB")
_FROM_LAB = ImageCms.buildTransform(ImageCms.createProfile("LAB"), _SRGB, "LAB", "RGB")

_TOO_MANY_PIXELS = "too many pixels: a decompression bomb?"

# `open_image` refuses those images itself, or accepts them as `large`. Filters are the whole
# process's: one set for a while in a thread would reach the others. Last, it overrules nobody's.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning, append=True)

# Pillow goes by content and knows many more, some of which run other programs.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")

# EXIF 2.32, tag 0x0112: what brings each orientation upright. Pillow's own `exif_transpose` writes
# all EXIF anew, and fails where any of it is damaged.
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_QUARTER_TURNS = {5, 6, 7, 8}  # width and height change places


def open_image(data: bytes, *, large: bool = False) -> Image.Image:
    """Open an image, without decoding its pixels yet.

    Parameters
    ----------
    data : bytes
        The content of an image file.
    large : bool
        Accept up to twice as many pixels: 179 megapixels.

    Returns
    -------
    Image.Image
        In the file's own mode and orientation.

    Raises
    ------
    ColorizationError
        If Pillow does not know the format, the image has more pixels than
        `PIL.Image.MAX_IMAGE_PIXELS` (89 megapixels), or it is an animation or has several pages.
    """
    with _decoding():
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    limit = Image.MAX_IMAGE_PIXELS
    if not large and limit is not None and image.width * image.height > limit:
        raise ColorizationError(_TOO_MANY_PIXELS)
    with _decoding():
        # A camera's MPO holds the photograph first, then a preview or the other eye's view.
        several = image.format != "MPO" and getattr(image, "is_animated", False)
    if several:
        raise ColorizationError("an animation, or several pages")
    return image


def to_srgb(image: Image.Image, least_side: int | None = None) -> Image.Image:
    """Decode an image, and bring it upright and into 8-bit sRGB.

    Parameters
    ----------
    image : Image.Image
        Any mode; it may be changed in place. The EXIF orientation is applied, an embedded colour
        profile converted, 16-bit grey scaled to 8 bits, transparency laid on white. Floating point
        counts as 0..1, or as 0..255 where it exceeds 1.
    least_side : int, optional
        Let a JPEG be decoded at the half, quarter or eighth of its size that has at least so many
        px on each side: much faster, and every byte is still read.

    Returns
    -------
    Image.Image
        Mode RGB, sRGB.

    Raises
    ------
    ColorizationError
        If its pixels cannot be decoded, or its mode cannot be converted.
    """
    with _decoding():
        if least_side:
            image.draft(None, (least_side, least_side))
        opaque, alpha = _apart(_upright(image))
        if alpha is not None:
            opaque.paste("white", mask=ImageChops.invert(alpha))
        return _converted(opaque)


def to_srgb_and_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Decode an image as `to_srgb` does, but keep transparency and the colours under it.

    Parameters
    ----------
    image : Image.Image
        Any mode; it may be changed in place.

    Returns
    -------
    rgb : Image.Image
        Mode RGB, sRGB.
    alpha : Image.Image or None
        Mode L, of the same size; None where the image is opaque.

    Raises
    ------
    ColorizationError
        As `to_srgb`.
    """
    with _decoding():
        opaque, alpha = _apart(_upright(image))
        return _converted(opaque), alpha


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height in px once the EXIF orientation is applied.

    Raises
    ------
    ColorizationError
        If it is a TIFF whose pixels cannot be decoded.
    """
    if image.format == "TIFF":
        with _decoding():
            image.load()  # Pillow turns it upright by itself, some versions its size before that
    width, height = image.size
    return (height, width) if _orientation(image) in _QUARTER_TURNS else (width, height)


@contextmanager
def _decoding() -> Iterator[None]:
    """Tell in one line what Pillow could not do, whatever damaged data led it to raise."""
    try:
        yield
    except Image.UnidentifiedImageError as error:
        raise ColorizationError("not an image") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ColorizationError(_TOO_MANY_PIXELS) from error
    except Exception as error:
        raise ColorizationError(f"cannot be decoded: {' '.join(str(error).split())}") from error


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1, upright, where there is none that can be read."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1  # damaged EXIF, or, in a PNG, pixels: decoding tells


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    turn = _UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _apart(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours, also where nothing is seen of them, and the transparency."""
    image = _in_eight_bits(image)
    if not image.has_transparency_data:
        return image, None
    image = image.convert("RGBA")
    return image.convert("RGB"), image.getchannel("A")


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Scale what Pillow's own conversions would clip at 255; other modes stay."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        grey = Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8))
        transparent = image.info.get("transparency")  # of a PNG, one value
        if transparent is not None:
            grey.putalpha(Image.fromarray(values != transparent).convert("L"))
        return grey
    if image.mode == "F":
        values = np.nan_to_num(np.asarray(image))
        scale = 255 if values.max() <= 1 else 1
        return Image.fromarray(np.clip(np.rint(values * scale), 0, 255).astype(np.uint8))
    return image


def _converted(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        return _FROM_LAB.apply(image)
    profile = image.info.get("icc_profile")
    if image.mode == "P":
        image = image.convert("RGB")  # a profile describes the palette's colours
    if isinstance(profile, bytes):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # A damaged profile, or one for another mode, says nothing: assume sRGB.
        else:
            if converted is not None:
                return converted
    return image if image.mode == "RGB" else image.convert("RGB")
