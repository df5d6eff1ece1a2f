"""Color photographs of more than 8 bits a sample, and write them with 16, strip by strip.

Pillow has no RGB of 16 bits, and a whole result would take 600 MB for 100 megapixels.

References
----------
PNG, third edition, sections 5.3 (chunks) and 9.2 (filters); TIFF 6.0, section 14 (predictor).
"""

import functools
import io
import itertools
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from colorization.color import cie, gamut
from colorization.color.lab import AB_SCALE
from colorization.colorizing.sixteen_bits import SixteenBitImage
from colorization.photos.strips import Box, strips

PIXELS_AT_A_TIME = 200_000
_WHITE = 2**16 - 1
_LEVEL = 4  # of compression
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_OWN_CHUNKS = {b"IHDR", b"IDAT", b"IEND"}
_SUB = 1  # the filter that subtracts the pixel to the left
_COLOR_TYPES = {3: 2, 4: 6}  # of a PNG, by channels

AbOfBox = Callable[[Box], np.ndarray]


@dataclass(frozen=True)
class SixteenBitResult:
    """A colorized photograph, which is computed while it is written.

    Attributes
    ----------
    photograph : SixteenBitImage
    ab_of : callable
        The predicted ab of a box, (h, w, 2) float32, CIE a*, b* / AB_SCALE.
    side_by_side : bool
        Put the gray photograph to the left, without transparency.
    """

    photograph: SixteenBitImage
    ab_of: AbOfBox
    side_by_side: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        width, height = self.photograph.size
        return (2 * width if self.side_by_side else width), height

    @property
    def channels(self) -> int:
        """3 for RGB, 4 for RGB and alpha."""
        return 4 if self.photograph.has_alpha and not self.side_by_side else 3

    def strips(self) -> Iterator[np.ndarray]:
        """Yield strips of complete rows, (h, W, C) uint16, sRGB, from top to bottom."""
        width = self.photograph.size[0]
        boxes = strips(self.photograph.size, PIXELS_AT_A_TIME)
        for (top, bottom), across in itertools.groupby(boxes, key=lambda box: (box[1], box[3])):
            strip = np.empty((bottom - top, self.size[0], self.channels), np.uint16)
            for box in across:
                pixels = self.photograph.srgb(box)
                L = luminance(pixels[..., :3])
                if self.side_by_side:
                    strip[:, box[0] : box[2]] = gray_of(L)[..., np.newaxis]
                start = width if self.side_by_side else 0
                colored = strip[:, start + box[0] : start + box[2]]
                colored[..., :3] = lab_to_rgb(L, self.ab_of(box))
                if self.channels == 4:
                    colored[..., 3] = pixels[..., 3]
            yield strip


@functools.cache
def _linear() -> np.ndarray:
    """The light of each 16-bit value of sRGB, (65536,) float32."""
    return cie.srgb_to_linear(np.arange(_WHITE + 1) / _WHITE).astype(np.float32)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Compute CIE L* of sRGB.

    Parameters
    ----------
    rgb : (..., 3) uint16 array
        sRGB, D65.

    Returns
    -------
    (...) float32 array
    """
    red, green, blue = (_linear()[rgb[..., channel]] for channel in range(3))
    of_red, of_green, of_blue = cie.FROM_RGB[1]
    return 116 * cie.f(of_red * red + of_green * green + of_blue * blue) - 16


def lab_to_rgb(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Convert CIE Lab to sRGB of 16 bits; L* is kept to 16 bits.

    Parameters
    ----------
    L : (...) float32 array
        CIE L*.
    ab : (..., 2) float32 array
        CIE a*, b* / AB_SCALE. Colors outside sRGB's gamut are mapped into it; see `gamut`.

    Returns
    -------
    (..., 3) uint16 array
        sRGB, D65.
    """
    lab = np.empty((3, L.size), np.float32)
    lab[0] = L.reshape(-1)
    lab[1:] = ab.reshape(-1, 2).T * np.float32(AB_SCALE)
    linear = _inside(gamut.map_to_gamut(lab), _light_of(lab[0]))
    return _encoded(linear).T.reshape(*L.shape, 3)


def gray_of(L: np.ndarray) -> np.ndarray:
    """Convert CIE L*, (...) float32, to gray, (...) uint16 of sRGB."""
    return _encoded(_light_of(L))


def _light_of(L: np.ndarray) -> np.ndarray:
    """Convert CIE L* to Y."""
    return cie.inverse_f((L + 16) / np.float32(116)).clip(0, 1)


def _encoded(linear: np.ndarray) -> np.ndarray:
    """Convert light in [0, 1] to sRGB of 16 bits."""
    dark, bright = 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055
    return np.rint(_WHITE * np.where(linear > 0.0031308, bright, dark)).astype(np.uint16)


def _inside(linear: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Move colors that are up to half an 8-bit step outside [0, 1] towards gray of the same Y.

    To clip their channels would change L*.
    """
    outside = np.flatnonzero((linear.min(axis=0) < 0) | (linear.max(axis=0) > 1))
    colors, gray = linear[:, outside], Y[outside]
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(colors < 0, gray / (gray - colors), 1)
        above = np.where(colors > 1, (1 - gray) / (colors - gray), 1)
    factor = np.minimum(below, above).min(axis=0)
    linear[:, outside] = (gray + factor * (colors - gray)).clip(0, 1)
    return linear


def write_png(result: SixteenBitResult, file: BinaryIO, options: dict[str, Any]) -> None:
    """Write a PNG.

    Parameters
    ----------
    result : SixteenBitResult
    file : binary file
    options : dict
        Pillow's options, with the metadata.
    """
    width, height = result.size
    form = struct.pack(">LL5B", width, height, 16, _COLOR_TYPES[result.channels], 0, 0, 0)
    file.write(_SIGNATURE + _chunk(b"IHDR", form))
    for chunk in _chunks_of_metadata(options):
        file.write(chunk)
    compress = zlib.compressobj(_LEVEL)
    for strip in result.strips():
        if content := compress.compress(_filtered(strip)):
            file.write(_chunk(b"IDAT", content))
    file.write(_chunk(b"IDAT", compress.flush()) + _chunk(b"IEND", b""))


def _filtered(strip: np.ndarray) -> bytes:
    """Rows of a PNG: a byte for the filter, then each value less that of the pixel to the left."""
    rows = strip.astype(">u2").view(np.uint8).reshape(len(strip), -1)
    pixel = 2 * strip.shape[-1]  # bytes
    filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _SUB
    filtered[:, 1 : 1 + pixel] = rows[:, :pixel]
    np.subtract(rows[:, pixel:], rows[:, :-pixel], out=filtered[:, 1 + pixel :])
    return filtered.tobytes()


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", checksum)


def _chunks_of_metadata(options: dict[str, Any]) -> Iterator[bytes]:
    """The chunks that Pillow writes before the pixels of a PNG."""
    written = io.BytesIO()
    Image.new("RGB", (1, 1)).save(written, "PNG", **options)
    content, at = written.getvalue(), len(_SIGNATURE)
    while at < len(content):
        size, kind = struct.unpack_from(">L4s", content, at)
        if kind not in _OWN_CHUNKS:
            yield content[at : at + size + 12]
        at += size + 12


def write_tiff(result: SixteenBitResult, path: Path) -> None:
    """Write a TIFF, compressed by deflate, without metadata."""
    import imagecodecs  # noqa: PLC0415 (slow)
    import tifffile  # noqa: PLC0415 (slow)

    def compressed() -> Iterator[bytes]:
        for strip in result.strips():
            differences = imagecodecs.delta_encode(strip, axis=1)
            yield bytes(imagecodecs.zlib_encode(differences.tobytes(), _LEVEL))

    width, height = result.size
    _, _, _, rows = next(strips(result.photograph.size, PIXELS_AT_A_TIME))
    tifffile.imwrite(
        path,
        compressed(),
        shape=(height, width, result.channels),
        dtype=np.uint16,
        byteorder="<",
        bigtiff=False,
        photometric="rgb",
        extrasamples=["unassalpha"] if result.channels == 4 else None,
        compression="zlib",
        predictor=True,
        rowsperstrip=rows,
        metadata=None,
        software=False,
    )
