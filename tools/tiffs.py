"""Write small TIFFs of every kind by the letter of the specification, and try which are read.

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

WIDTH, HEIGHT = 37, 19  # odd, so that lines of packed samples end within a byte


class Pixel(NamedTuple):
    """What a pixel consists of."""

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
_JPEG_SPACES = {3: "RGB", 4: "CMYK"}  # kept as they are: a TIFF has its own word for what they mean
KINDS = {  # the number of bits by SampleFormat
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
    """Write a TIFF of one strip or, for planes, of one strip each.

    Parameters
    ----------
    strips : sequence of bytes
        Compressed as the tags say.
    size : (int, int)
        Width and height in px.
    tags : mapping
        Values of 16 bits by tag, but those that follow from the other arguments.
    order : {"<", ">"}
        Order of bytes, as in `struct`.

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
    """Give the bytes of samples, (H, W, samples): whole bytes, or else packed (section 5)."""
    if samples.dtype.kind == "f" or bits in {8, 16, 32, 64}:
        kind = f"{order}{samples.dtype.kind}{bits // 8}"
        return samples.astype(kind).tobytes()
    values = samples.reshape(len(samples), -1, 1).astype(np.int64)
    ones = (values >> np.arange(bits)[::-1] & 1).astype(np.uint8)
    return np.packbits(ones.reshape(len(samples), -1), axis=1).tobytes()


def in_bits(eight: np.ndarray, sample_format: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Give samples of a kind, and what they are once more in 8 bits.

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
        0 is black, and the greatest value that the bits hold is white; of floating point, 1.
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
    """Give the RGB or RGBA that samples of 8 bits stand for, (H, W, 3 or 4) uint8."""
    color = eight[..., : pixel.channels]
    if pixel.photometric == 0:
        color = 255 - color
    if pixel.photometric == 5:  # as Pillow has it: each ink takes its part away
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
    """Give (HEIGHT, WIDTH, samples) uint8 without a pixel in which alpha hides the rest."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    parts = [7 * x % 256, 255 - 13 * y, (3 * x + 5 * y) % 256, 255 - 6 * y, 255 - 5 * x]
    values = np.stack(parts[: pixel.samples], axis=-1)
    if pixel.extra:
        values[..., pixel.channels] |= 128
    if pixel.photometric == 8:
        values[..., 1:] = 0  # a* and b*; gray is the same under every white
    return values.astype(np.uint8)


def is_read(name: str, sample_format: int, bits: int, compression: str) -> bool:
    """Try whether a kind of TIFF is read: once with samples together, once apart.

    The first has the lowest byte of a number first, the second the highest.

    Parameters
    ----------
    name : str
        Of `PIXELS`.
    sample_format : {1, 2, 3}
        Unsigned, signed, floating point.
    bits : int
        Of each sample; up to 16 in a palette.
    compression : str
        Of `COMPRESSIONS`.

    Raises
    ------
    AssertionError
        If it is read in one layout and not in another, or the pixels are not those written.
    """
    pixel = PIXELS[name]
    samples, expected = in_bits(picture(pixel), sample_format, bits)
    tags = _tags(pixel) | {258: [bits] * pixel.samples, 339: [sample_format] * pixel.samples}
    if name == "palette":
        palette = np.random.default_rng(bits).integers(0, 2**16, (3, 2**bits))
        tags[320] = palette.ravel().tolist()
        seen = (palette.T >> 8)[samples[..., 0].astype(int) % 2**bits]
    else:
        seen = rgb_of(expected, pixel)
    code, compress = COMPRESSIONS[compression]
    results = set()
    for order, planar in (("<", False), (">", pixel.samples > 1)):
        strips = [compress(sample_bytes(plane, bits, order)) for plane in _planes(samples, planar)]
        layout = {259: code, 284: 1 + planar}
        results.add(_is_right(written(strips, (WIDTH, HEIGHT), tags | layout, order), seen))
    assert len(results) == 1, (name, sample_format, bits, compression)  # noqa: S101
    return results.pop()


def jpeg_is_read(name: str) -> bool:
    """Try whether a TIFF that is compressed as JPEG is read; see `is_read`."""
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
    """Tell in words which bits of a sample are read, by trying them; see `is_read`."""
    if compression == "JPEG":
        return "8" if jpeg_is_read(name) else ""
    parts = []
    for sample_format, (word, sizes) in KINDS.items():
        tried = [bits for bits in sizes if bits <= 16 or name != "palette"]
        read = [bits for bits in tried if is_read(name, sample_format, bits, compression)]
        if read:
            parts.append(word + _ranges(read))
    return "; ".join(parts)


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers in rising order, as in "1 to 16, 32"."""
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
    """Whether a file is read; an error if the pixels are wrong.

    Two levels are for the rounding of associated alpha, and for the white of CIELab, which is D50.
    """
    try:
        pixels = decoding.to_srgb_with_alpha(decoding.open_image(content))
    except ColorizationError:
        return False
    np.testing.assert_allclose(np.asarray(pixels), expected, rtol=0, atol=tolerance)
    return True
