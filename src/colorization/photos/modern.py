"""Open HEIC, AVIF, JPEG 2000 and JPEG XL: the formats of phones and archives.

Their decoders are imported when the first such file is opened.

References
----------
ISO/IEC 14496-12, section 4.3 (brands); ISO/IEC 23008-12 (HEIF); ISO/IEC 15444-1, Annexes A and I
(JPEG 2000).
"""

import struct
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image

from colorization.core.errors import ColorizationError
from colorization.photos import boxes, color_encoding, jpeg_xl

AVIF, HEIC, JPEG_2000, JPEG_XL = "AVIF", "HEIC", "JPEG 2000", "JPEG XL"

# Brands of a file type box. HEIF is the container of both. AVIF files also have HEIF's brands, so
# AVIF comes first.
_BRANDS = {
    AVIF: {b"avif", b"avis"},
    HEIC: {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"}
    | {b"mif1", b"mif2", b"msf1"},
}
_JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"  # of JPEG 2000
_END_OF_CODESTREAM = b"\xff\xd9"
_BEGINNING = 256  # bytes; longer than a file type box
_PROFILE = 2  # METH of a box `colr`


def kind(file: BinaryIO) -> str | None:
    """Return the format of a file by its first bytes; None for any other than those here."""
    file.seek(0)
    beginning = file.read(_BEGINNING)
    if beginning.startswith((_JP2, _CODESTREAM)):
        return JPEG_2000
    if beginning.startswith((jpeg_xl.CODESTREAM, jpeg_xl.CONTAINER)):
        return JPEG_XL
    if beginning[4:8] == b"ftyp":
        length = min(int.from_bytes(beginning[:4]), _BEGINNING)
        brands = {beginning[8:12], *(beginning[at : at + 4] for at in range(16, length - 3, 4))}
        return next((name for name, names in _BRANDS.items() if brands & names), None)
    return None


def open_as(name: str, file: BinaryIO) -> Image.Image:
    """Open a file of a given `kind`, without decoding its pixels yet.

    Raises
    ------
    ColorizationError
        If it is damaged or an animation, or its decoder is not installed.
    """
    image = _OPENERS[name](file)
    # A HEIC may contain several photographs; the primary one is decoded.
    if name != HEIC and getattr(image, "is_animated", False):
        raise ColorizationError("an animation")
    return image


def _open_avif(file: BinaryIO) -> Image.Image:
    from PIL import AvifImagePlugin  # noqa: PLC0415 (loads a decoder of some MB)

    if not AvifImagePlugin.SUPPORTED:
        raise ColorizationError("AVIF needs a Pillow with AVIF: pip install --upgrade pillow")
    return _with_profile(_opened(file, AVIF, "AVIF"), file)


def _open_heic(file: BinaryIO) -> Image.Image:
    try:
        import pillow_heif  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise ColorizationError(
            'HEIC needs pillow-heif: pip install "colorization-pipeline[heic]"'
        ) from error
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return _with_profile(_opened(file, HEIC, "HEIF"), file)


def _open_jpeg_2000(file: BinaryIO) -> Image.Image:
    from PIL import Jpeg2KImagePlugin  # noqa: F401, PLC0415

    start, end = codestream_of_jpeg_2000(file)
    file.seek(max(start, end - len(_END_OF_CODESTREAM)))
    if file.read(len(_END_OF_CODESTREAM)) != _END_OF_CODESTREAM:
        raise ColorizationError("the file is truncated")  # OpenJPEG would decode what there is
    image = _opened(file, JPEG_2000, "JPEG2000")
    if profile := _profile_of_jpeg_2000(file):
        image.info["icc_profile"] = profile
    return image


def codestream_of_jpeg_2000(file: BinaryIO) -> tuple[int, int]:
    """Return where the codestream of a JPEG 2000 begins and ends, in bytes.

    Raises
    ------
    ColorizationError
        If there is none.
    """
    file.seek(0)
    if file.read(len(_CODESTREAM)) == _CODESTREAM:
        return 0, file.seek(0, 2)
    try:
        box = boxes.first(file, b"jp2c")
    except ValueError as error:
        raise ColorizationError(f"damaged JPEG 2000: {error}") from error
    if box is None:
        raise ColorizationError("damaged JPEG 2000: no codestream")
    return box.start, box.end


def _profile_of_jpeg_2000(file: BinaryIO) -> bytes | None:
    """The ICC profile of a JP2, which Pillow does not read."""
    file.seek(0)
    if file.read(len(_JP2)) != _JP2:
        return None
    color = boxes.first(file, b"jp2h", b"colr")
    content = b"" if color is None else boxes.read(file, color)
    return content[3:] if content[:1] == bytes([_PROFILE]) else None


_OPENERS: dict[str, Callable[[BinaryIO], Image.Image]] = {
    AVIF: _open_avif,
    HEIC: _open_heic,
    JPEG_2000: _open_jpeg_2000,
    JPEG_XL: jpeg_xl.JpegXL,
}


def _opened(file: BinaryIO, name: str, plugin: str) -> Image.Image:
    file.seek(0)
    try:
        return Image.open(file, formats=[plugin])
    except Image.UnidentifiedImageError as error:
        raise ColorizationError(f"damaged, or an unsupported kind of {name}") from error


def _with_profile(image: Image.Image, file: BinaryIO) -> Image.Image:
    """Add the profile of an image whose color encoding is only named by numbers."""
    if "icc_profile" not in image.info:
        try:
            numbers = boxes.color_of_heif(file)
        except (ValueError, struct.error, IndexError):
            return image  # damaged: its decoder decides
        if numbers and (profile := color_encoding.profile(color_encoding.of_numbers(*numbers))):
            image.info["icc_profile"] = profile
    return image
