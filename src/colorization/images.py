"""From the bytes of an image file to sRGB pixels."""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

from colorization.errors import ColorizationError

_SRGB = ImageCms.createProfile("sRGB")


def open_image(data: bytes) -> Image.Image:
    """Open and fully decode an image.

    Parameters
    ----------
    data : bytes
        The content of an image file.

    Returns
    -------
    Image.Image
        In the file's own mode and orientation.

    Raises
    ------
    ColorizationError
        If Pillow cannot decode it, or it is a decompression bomb.
    """
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except Image.UnidentifiedImageError as error:
        raise ColorizationError("not an image") from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        Image.DecompressionBombError,
    ) as error:
        raise ColorizationError(f"cannot be decoded: {error}") from error
    return image


def to_srgb(image: Image.Image) -> Image.Image:
    """Bring an image upright and into 8-bit sRGB.

    Parameters
    ----------
    image : Image.Image
        Any mode. The EXIF orientation is applied, an embedded colour profile converted, 16-bit
        grey scaled to 8 bits, transparency laid on white.

    Returns
    -------
    Image.Image
        Mode RGB, sRGB.
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow's own conversion clips at 255 instead of scaling.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode == "P":
        image = image.convert("RGB")  # a profile describes the palette's colours
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # A damaged profile, or one for another mode, says nothing: assume sRGB.
        else:
            if converted is not None:
                return converted
    return image.convert("RGB")


def to_square(image: Image.Image, image_size: int) -> np.ndarray:
    """Crop the centre square and resize it.

    Parameters
    ----------
    image : Image.Image
        Mode RGB.
    image_size : int
        Side of the result in px.

    Returns
    -------
    (image_size, image_size, 3) uint8 array
        sRGB.
    """
    return np.asarray(ImageOps.fit(image, (image_size, image_size), Image.Resampling.BICUBIC))
