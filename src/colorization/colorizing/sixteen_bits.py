"""Decode photographs of more than 8 bits a sample to 16 bits, which Pillow does for gray alone.

Gray and RGB, with or without alpha, in PNG, TIFF, JPEG 2000 and JPEG XL. HEIC and AVIF of 10 and 12
bits, which are lossy, are decoded to 8 bits.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image

from colorization.core.errors import ColorizationError
from colorization.photos import boxes, decoding, modern, scaling, tiff
from colorization.photos.jpeg_xl import JpegXL
from colorization.photos.strips import Box

_DEPTH_OF_PNG = 24  # offset of the bit depth, in bytes
_SIZ = 4  # offset of the marker segment's length in a codestream, in bytes
_ENUMERATED, _SRGB, _GRAY = 1, 16, 17  # METH and EnumCS of a box `colr`


@dataclass(frozen=True)
class SixteenBitImage:
    """A decoded photograph of more than 8 bits a sample.

    Attributes
    ----------
    samples : (H, W, C) uint16 array
        Gray, gray and alpha, RGB, or RGB and alpha; upright.
    profile : bytes or None
        The ICC profile; None for sRGB.
    """

    samples: np.ndarray
    profile: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.samples.shape[1], self.samples.shape[0]

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.samples.shape[2] in (2, 4)

    def srgb(self, box: Box) -> np.ndarray:
        """Return pixels in sRGB.

        Parameters
        ----------
        box : Box

        Returns
        -------
        (h, w, 3) or (h, w, 4) uint16 array
            RGB, or RGB and alpha.
        """
        left, top, right, bottom = box
        pixels = self.samples[top:bottom, left:right]
        colors, alpha = (pixels[..., :-1], pixels[..., -1:]) if self.has_alpha else (pixels, None)
        rgb = _converted(colors, self.profile)
        return rgb if alpha is None else np.concatenate([rgb, alpha], axis=-1)


def _converted(colors: np.ndarray, profile: bytes | None) -> np.ndarray:
    """Apply a profile to gray or RGB; return RGB."""
    is_gray = colors.shape[-1] == 1
    if profile is not None:
        import imagecodecs  # noqa: PLC0415 (slow, and rarely needed)

        try:
            return np.asarray(
                imagecodecs.cms_transform(
                    np.ascontiguousarray(colors[..., 0] if is_gray else colors),
                    profile,
                    imagecodecs.cms_profile("srgb"),
                    colorspace="gray" if is_gray else "rgb",
                    outcolorspace="rgb",
                )
            )
        except (imagecodecs.CmsError, ValueError):
            pass  # damaged, or for another mode: assume sRGB, as for 8 bits
    return np.repeat(colors, 3, axis=-1) if is_gray else colors


def decode(image: Image.Image, file: BinaryIO, page: int | None = None) -> SixteenBitImage | None:
    """Decode a photograph to 16 bits, if it has more than 8.

    Parameters
    ----------
    image : Image.Image
        Opened by `decoding.open_image`. Unless None is returned, it is closed, with its file.
    file : binary file
        The image's file.
    page : int, optional
        Of a TIFF, from 0.

    Returns
    -------
    SixteenBitImage or None
        None for 8 bits or fewer, and for colors other than gray and RGB.

    Raises
    ------
    ColorizationError
        If the pixels cannot be decoded.

    Warns
    -----
    PhotographWarning
        As `decoding.to_srgb`.
    """
    read = _READERS.get(image.format or "")
    if read is None:
        return None
    if image.format == "PNG":
        decoding.load(image)  # its EXIF may follow the pixels; raises if these are damaged
    profile = image.info.get("icc_profile")
    orientation = decoding.orientation(image)
    with decoding.reporting():
        samples = read(image, file, page)
    if samples is None:
        return None
    image.close()
    return SixteenBitImage(
        decoding.turned_upright(samples, orientation),
        profile if isinstance(profile, bytes) else None,
    )


def _read_png(image: Image.Image, file: BinaryIO, _: int | None) -> np.ndarray | None:
    file.seek(0)
    if file.read(_DEPTH_OF_PNG + 1)[_DEPTH_OF_PNG] != 16:
        return None
    import imagecodecs  # noqa: PLC0415 (slow, and rarely needed)

    file.seek(0)
    content = file.read()
    image.close()  # frees the pixels that Pillow decoded
    return _with_channels(imagecodecs.png_decode(content))


def _read_tiff(_: Image.Image, file: BinaryIO, page: int | None) -> np.ndarray | None:
    directory = tiff.pages(file)[page or 0]
    bits, kind = directory.bits, directory.kind
    try:
        mode, _alpha = directory.mode()
    except ColorizationError:
        return None  # Pillow decodes it to 8 bits
    if bits is None or bits <= 8 or mode not in {"L", "LA", "RGB", "RGBA"} or kind is None:
        return None
    return tiff.TiffPage(file, directory).sixteen_bits()


def _read_jpeg_2000(_: Image.Image, file: BinaryIO, __: int | None) -> np.ndarray | None:
    start, end = modern.codestream_of_jpeg_2000(file)
    file.seek(start + _SIZ)
    size = file.read(int.from_bytes(file.read(2)) - 2)
    (count,) = struct.unpack_from(">H", size, 34)
    components = {size[36 + 3 * index : 39 + 3 * index] for index in range(count)}
    if len(components) != 1 or count > 4:
        return None
    depth, *subsampling = components.pop()
    bits = depth + 1  # the highest bit says whether samples are signed
    is_in_boxes = start > 0
    if not 8 < bits <= 16 or subsampling != [1, 1] or (is_in_boxes and not _is_gray_or_rgb(file)):
        return None
    import imagecodecs  # noqa: PLC0415 (slow, and rarely needed)

    file.seek(start)
    samples = imagecodecs.jpeg2k_decode(file.read(end - start))
    return _with_channels(_scaled(samples, 2**bits - 1))


def _is_gray_or_rgb(file: BinaryIO) -> bool:
    """Whether a JP2 has no other colors, such as YCbCr, nor a palette."""
    if boxes.first(file, b"jp2h", b"pclr"):
        return False
    color = boxes.first(file, b"jp2h", b"colr")
    content = b"" if color is None else boxes.read(file, color)
    if content[:1] != bytes([_ENUMERATED]):
        return True
    return int.from_bytes(content[3:7]) in {_SRGB, _GRAY}


def _read_jpeg_xl(image: Image.Image, _: BinaryIO, __: int | None) -> np.ndarray | None:
    assert isinstance(image, JpegXL)  # noqa: S101
    header = image.header
    if header.is_premultiplied or (header.bits <= 8 and not header.is_float):
        return None
    samples = image.samples()
    return _scaled(samples, image.white(samples))


_READERS: dict[str, Callable[[Image.Image, BinaryIO, int | None], np.ndarray | None]] = {
    "PNG": _read_png,
    "TIFF": _read_tiff,
    "JPEG2000": _read_jpeg_2000,
    JpegXL.format: _read_jpeg_xl,
}


def _scaled(samples: np.ndarray, white: int) -> np.ndarray:
    """Scale a whole image, row by row: numbers on the way take four times the memory."""
    if samples.dtype == np.uint16 and white == 2**16 - 1:
        return samples
    scaled = np.empty(samples.shape, np.uint16)
    for row, values in zip(scaled, samples, strict=True):
        row[:] = scaling.to_sixteen_bits(values, white)
    return scaled


def _with_channels(samples: np.ndarray) -> np.ndarray:
    """Add the axis of channels, (H, W, C), to gray."""
    return samples.reshape(*samples.shape[:2], -1)
