"""Write small TIFFs of all kinds, following the specification, and test which are supported.

References
----------
TIFF Revision 6.0, Adobe 1992.
"""

import lzma
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import imagecodecs
import numpy as np
from PIL import Image

from colorization.color import lab
from colorization.core.errors import ColorizationError
from colorization.photos import decoding

WIDTH, HEIGHT = 37, 19  # odd, so that rows of packed samples end within a byte


class Pixel(NamedTuple):
    """The samples of a pixel."""

    photometric: int  # PhotometricInterpretation
    channels: int
    extra: tuple[int, ...] = ()  # ExtraSamples: 0 unspecified, 1 associated, 2 unassociated alpha

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return self.channels + len(self.extra)


PIXELS = {
    "gray": Pixel(1, 1),
    "gray whose white is 0": Pixel(0, 1),
    "gray with alpha": Pixel(1, 1, (2,)),
    "gray with associated alpha": Pixel(1, 1, (1,)),
    "RGB": Pixel(2, 3),
    "RGB with alpha": Pixel(2, 3, (2,)),
    "RGB with associated alpha": Pixel(2, 3, (1,)),
    "CMYK": Pixel(5, 4),
    "palette": Pixel(3, 1),
    "YCbCr": Pixel(6, 3),
    "CIELab": Pixel(8, 3),
}
COMPRESSIONS: Mapping[str, tuple[int, Callable[[bytes], bytes | bytearray]]] = {
    "none": (1, bytes),
    "LZW": (5, imagecodecs.lzw_encode),
    "deflate": (8, zlib.compress),
    "PackBits": (32773, imagecodecs.packbits_encode),
    "LZMA": (34925, lzma.compress),
    "Zstandard": (50000, imagecodecs.zstd_encode),
}
_JPEG = 7
_JPEG_SPACES = {3: "RGB", 4: "CMYK"}  # not converted: the TIFF's tags define their meaning
KINDS = {  # name and numbers of bits by SampleFormat
    1: ("", (*range(1, 17), 24, 32, 64)),
    2: ("signed ", (8, 16, 32)),
    3: ("floating-point ", (16, 32, 64)),
}


def written(
    strips: Sequence[bytes | bytearray],
    size: tuple[int, int],
    tags: Mapping[int, int | Sequence[int]],
    order: str = "<",
) -> bytes:
    """Write a TIFF of one strip or, if planar, of one strip per plane.

    Parameters
    ----------
    strips : sequence of bytes
        Compressed according to the tags.
    size : (int, int)
        Width and height in px.
    tags : mapping
        16-bit values by tag, except those given by the other arguments.
    order : {"<", ">"}
        Byte order, as in `struct`.

    Returns
    -------
    bytes
    """
    width, height = size
    starts = [8 + sum(map(len, strips[:number])) for number in range(len(strips) + 1)]
    entries: dict[int, tuple[str, Sequence[int]]] = {
        tag: ("H", (value,) if isinstance(value, int) else value) for tag, value in tags.items()
    }
    entries |= {256: ("L", [width]), 257: ("L", [height]), 278: ("L", [height])}
    entries |= {273: ("L", starts[:-1]), 279: ("L", [len(strip) for strip in strips])}
    end = starts[-1] + 2 + 12 * len(entries) + 4
    directory, elsewhere = struct.pack(f"{order}H", len(entries)), b""
    for tag, (form, values) in sorted(entries.items()):
        value = struct.pack(f"{order}{len(values)}{form}", *values)
        if len(value) > 4:
            value, elsewhere = struct.pack(f"{order}L", end + len(elsewhere)), elsewhere + value
        kind = {"H": 3, "L": 4}[form]
        directory += struct.pack(f"{order}HHL", tag, kind, len(values)) + value.ljust(4, b"\0")
    head = struct.pack(f"{order}2sHL", b"II" if order == "<" else b"MM", 42, starts[-1])
    return head + b"".join(strips) + directory + bytes(4) + elsewhere


def sample_bytes(samples: np.ndarray, bits: int, order: str = "<") -> bytes:
    """Return the bytes of samples, (H, W, samples), packed if not of whole bytes (section 5)."""
    if samples.dtype.kind == "f" or bits in {8, 16, 32, 64}:
        kind = f"{order}{samples.dtype.kind}{bits // 8}"
        return samples.astype(kind).tobytes()
    values = samples.reshape(len(samples), -1, 1).astype(np.int64)
    ones = (values >> np.arange(bits)[::-1] & 1).astype(np.uint8)
    return np.packbits(ones.reshape(len(samples), -1), axis=1).tobytes()


def in_bits(eight: np.ndarray, sample_format: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Convert 8-bit samples to another kind, and those back to 8 bits.

    Parameters
    ----------
    eight : uint8 array
    sample_format : {1, 2, 3}
        Unsigned, signed, floating point.
    bits : int

    Returns
    -------
    samples : array of (u)int64 or float64
    in_eight : uint8 array
        White is the greatest value of the bit depth, or 1 in floating point.
    """
    if sample_format == 3:
        return eight / 255, eight
    used = bits - (sample_format == 2)
    if used < 8:
        samples = eight.astype(np.int64) >> (8 - used)
        return samples, (samples * 255 // (2**used - 1)).astype(np.uint8)
    wide = eight.astype(np.uint64) << np.uint64(used - 8)
    low = eight.astype(np.uint64) * np.uint64(2 ** (used - 8) - 1) // np.uint64(255)
    samples = wide | low  # white has all its bits set, black none
    return (samples if sample_format == 1 else samples.astype(np.int64)), eight


def rgb_of(eight: np.ndarray, pixel: Pixel) -> np.ndarray:
    """Convert 8-bit samples to RGB or RGBA, (H, W, 3 or 4) uint8."""
    color = eight[..., : pixel.channels]
    if pixel.photometric == 0:
        color = 255 - color
    if pixel.photometric == 5:  # as in Pillow
        color = np.asarray(Image.fromarray(color.copy(), "CMYK").convert("RGB"))
    if pixel.photometric == 6:
        color = np.asarray(Image.fromarray(color.copy(), "YCbCr").convert("RGB"))
    if pixel.photometric == 8:
        L = color[..., :1].astype(np.float32) / 255 * 2 - 1
        color = lab.lab_to_rgb(L, np.zeros((*L.shape[:-1], 2), np.float32))
    color = np.broadcast_to(color, (*eight.shape[:2], 3))
    alpha = eight[..., pixel.channels : pixel.channels + 1]
    if 1 in pixel.extra:
        color = np.minimum(255 * color.astype(int) // np.maximum(alpha, 1), 255).astype(np.uint8)
    return np.concatenate([color, alpha], axis=-1) if {1, 2} & {*pixel.extra} else color


def picture(pixel: Pixel) -> np.ndarray:
    """Return test samples, (HEIGHT, WIDTH, samples) uint8, without transparent pixels."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    samples = [7 * x % 256, 255 - 13 * y, (3 * x + 5 * y) % 256, 255 - 6 * y, 255 - 5 * x]
    values = np.stack(samples[: pixel.samples], axis=-1)
    if pixel.extra:
        values[..., pixel.channels] |= 128
    if pixel.photometric == 8:
        values[..., 1:] = 0  # a* and b*; gray is independent of the white point
    return values.astype(np.uint8)


def is_read(name: str, sample_format: int, bits: int, compression: str) -> bool:
    """Test whether a kind of TIFF is supported, contiguous little-endian and planar big-endian.

    Parameters
    ----------
    name : str
        A key of `PIXELS`.
    sample_format : {1, 2, 3}
        Unsigned, signed, floating point.
    bits : int
        Of each sample; up to 16 in a palette.
    compression : str
        A key of `COMPRESSIONS`.

    Raises
    ------
    AssertionError
        If only one layout is supported, or the pixels differ from those written.
    """
    pixel = PIXELS[name]
    samples, expected = in_bits(picture(pixel), sample_format, bits)
    tags = _tags(pixel) | {258: [bits] * pixel.samples, 339: [sample_format] * pixel.samples}
    if name == "palette":
        palette = np.random.default_rng(bits).integers(0, 2**16, (3, 2**bits))
        tags[320] = palette.ravel().tolist()
        rgb = (palette.T >> 8)[samples[..., 0].astype(int) % 2**bits]
    else:
        rgb = rgb_of(expected, pixel)
    code, compress = COMPRESSIONS[compression]
    results = set()
    for order, planar in (("<", False), (">", pixel.samples > 1)):
        strips = [compress(sample_bytes(plane, bits, order)) for plane in _planes(samples, planar)]
        layout = {259: code, 284: 1 + planar}
        results.add(_is_right(written(strips, (WIDTH, HEIGHT), tags | layout, order), rgb))
    assert len(results) == 1, (name, sample_format, bits, compression)  # noqa: S101
    return results.pop()


def jpeg_is_read(name: str) -> bool:
    """Test whether a TIFF with JPEG compression is supported; see `is_read`."""
    pixel = PIXELS[name]
    samples = picture(pixel)
    tags = _tags(pixel) | {258: [8] * pixel.samples, 259: _JPEG}
    if name == "palette":
        tags[320] = [257 * value for value in range(256)] * 3
    results = set()
    for planar in {False, pixel.samples > 1}:
        strips = [
            imagecodecs.jpeg8_encode(
                np.ascontiguousarray(plane.squeeze()),
                level=100,
                subsampling="444",
                colorspace=_JPEG_SPACES.get(plane.shape[-1]),
                outcolorspace=_JPEG_SPACES.get(plane.shape[-1]),
            )
            for plane in _planes(samples, planar)
        ]
        content = written(strips, (WIDTH, HEIGHT), tags | {284: 1 + planar})
        results.add(_is_right(content, rgb_of(samples, pixel), tolerance=12))
    assert len(results) == 1, (name, "JPEG")  # noqa: S101
    return results.pop()


def bits_read(name: str, compression: str) -> str:
    """Describe the supported numbers of bits, by testing them; see `is_read`."""
    if compression == "JPEG":
        return "8" if jpeg_is_read(name) else ""
    kinds = []
    for sample_format, (kind, sizes) in KINDS.items():
        candidates = [bits for bits in sizes if bits <= 16 or name != "palette"]
        supported = [bits for bits in candidates if is_read(name, sample_format, bits, compression)]
        if supported:
            kinds.append(kind + _ranges(supported))
    return "; ".join(kinds)


def _ranges(numbers: Sequence[int]) -> str:
    """Format ascending numbers, as in "1 to 16, 32"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _tags(pixel: Pixel) -> dict[int, int | Sequence[int]]:
    tags: dict[int, int | Sequence[int]] = {262: pixel.photometric, 277: pixel.samples}
    tags[530] = (1, 1)  # no color is subsampled
    return tags | ({338: pixel.extra} if pixel.extra else {})


def _planes(samples: np.ndarray, planar: bool) -> list[np.ndarray]:
    return np.split(samples, samples.shape[-1], axis=-1) if planar else [samples]


def _is_right(content: bytes, expected: np.ndarray, tolerance: int = 2) -> bool:
    """Whether a file is supported; raises if the pixels are wrong.

    The tolerance covers the rounding of associated alpha, and CIELab's white point D50.
    """
    try:
        pixels = decoding.to_srgb_with_alpha(decoding.open_image(content))
    except ColorizationError:
        return False
    np.testing.assert_allclose(np.asarray(pixels), expected, rtol=0, atol=tolerance)
    return True
