"""Read JPEG XL.

imagecodecs decodes the pixels, but does not report their color encoding, nor the size before
decoding; both are in the image header.

References
----------
ISO/IEC 18181-1: Annex B (basic syntax), Annex D (image header), Annex E (color encoding);
ISO/IEC 18181-2 (the container).
"""

import math
import warnings
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile

from colorization.core.errors import ColorizationError, PhotographWarning
from colorization.photos import color_encoding, scaling
from colorization.photos.boxes import boxes
from colorization.photos.color_encoding import SRGB_ENCODING, Encoding

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_LONGEST_HEADER = 4096  # bytes; only names of extra channels make it long

_RATIOS = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)]
_SIDES = [(9, 1), (13, 1), (18, 1), (30, 1)]
_EIGHTHS_OF_PREVIEW = [(0, 16), (0, 32), (5, 1), (9, 33)]
_SIDES_OF_PREVIEW = [(6, 1), (8, 65), (10, 321), (12, 1345)]
_ENUM = [(0, 0), (0, 1), (4, 2), (6, 18)]
_COORDINATE = [(19, 0), (19, 524_288), (20, 1_048_576), (21, 2_097_152)]

_ALPHA, _SPOT, _CFA = 0, 2, 5  # types of extra channels
_GRAY, _XYB = 1, 2  # color spaces
_D65, _CUSTOM_WHITE, _DCI_WHITE = 1, 2, 11
_EQUAL_ENERGY = 10
_WHITES = {_D65: color_encoding.D65, _EQUAL_ENERGY: (1 / 3, 1 / 3), _DCI_WHITE: (0.314, 0.351)}
_CUSTOM_PRIMARIES = 2
_MODES = {(True, False): "L", (True, True): "LA", (False, False): "RGB", (False, True): "RGBA"}


@dataclass(frozen=True)
class Header:
    """What an image header says.

    Attributes
    ----------
    size : (int, int)
        Width and height in px, upright.
    bits : int
        Of a sample.
    is_float, is_gray, has_alpha, has_other_channels, is_animated : bool
    is_premultiplied : bool
        Whether colors are multiplied by alpha.
    encoding : Encoding or None
        Of the decoded pixels; None if only an ICC profile describes it.
    """

    size: tuple[int, int]
    bits: int = 8
    is_float: bool = False
    is_gray: bool = False
    has_alpha: bool = False
    has_other_channels: bool = False
    is_premultiplied: bool = False
    is_animated: bool = False
    encoding: Encoding | None = SRGB_ENCODING

    @property
    def mode(self) -> str:
        """Pillow's mode of 8-bit pixels."""
        mode = _MODES[self.is_gray, self.has_alpha]
        return mode.replace("A", "a") if self.is_premultiplied else mode


class JpegXL(ImageFile.ImageFile):
    """A JPEG XL, upright; decoded to 8 bits when it is loaded.

    Parameters
    ----------
    file : binary file
        Must stay open until the pixels are decoded.

    Raises
    ------
    ColorizationError
        If its header is damaged or not supported.
    """

    format = "JXL"

    def __init__(self, file: BinaryIO) -> None:
        self._decoded = False
        super().__init__(file)

    def _open(self) -> None:
        assert self.fp is not None  # noqa: S101
        self.header = read_header(self.fp)
        self._size, self._mode = self.header.size, self.header.mode
        self.is_animated = self.header.is_animated
        if self.header.encoding is not None:
            gray = self.header.is_gray
            if profile := color_encoding.profile(self.header.encoding, gray=gray):
                self.info["icc_profile"] = profile

    def load(self) -> Any:
        """Decode the pixels."""
        if not self._decoded:
            samples = self.samples()
            pixels = scaling.to_eight_bits(samples, self.white(samples))
            self.im = Image.frombytes(self.mode, self.size, pixels.tobytes()).im
            self._decoded = True
        return Image.Image.load(self)

    def samples(self) -> np.ndarray:
        """Decode the samples, (H, W, C), as they are stored."""
        import imagecodecs  # noqa: PLC0415 (slow, and rarely needed)

        assert self.fp is not None  # noqa: S101
        if self.header.encoding is None:
            warnings.warn(
                "color profile not read; sRGB is assumed",
                PhotographWarning,
                stacklevel=2,
            )
        self.fp.seek(0)
        try:
            samples = imagecodecs.jpegxl_decode(self.fp.read(), index=0)
        except imagecodecs.JpegxlError as error:
            raise ColorizationError("damaged or truncated JPEG XL") from error
        channels = len(self.mode)
        if self.header.has_other_channels and (self.mode, samples.ndim) == ("L", 3):
            samples = samples[0]  # gray with other channels than alpha comes in planes
        samples = samples.reshape(*samples.shape[:2], -1)[..., :channels]
        if samples.shape != (self.height, self.width, channels):
            raise ColorizationError("damaged JPEG XL: its size differs from that in its header")
        return samples

    def white(self, samples: np.ndarray) -> int:
        """Return the value of white; see `scaling.white`."""
        if self.header.is_float:
            return scaling.white("f", self.header.bits, scaling.greatest(samples))
        return 2**self.header.bits - 1


def read_header(file: IO[bytes]) -> Header:
    """Read the image header of a JPEG XL.

    Raises
    ------
    ColorizationError
        If it is damaged or not supported.
    """
    try:
        return _header(_Bits(_codestream(file)))
    except (ValueError, IndexError) as error:
        raise ColorizationError(f"damaged JPEG XL: {error}") from error


def _codestream(file: IO[bytes]) -> bytes:
    """The beginning of the codestream, after its signature."""
    file.seek(0)
    content = file.read(_LONGEST_HEADER)
    if not content.startswith(CODESTREAM):
        content = b""
        for box in boxes(file):
            if box.kind in {b"jxlc", b"jxlp"}:
                skipped = 4 if box.kind == b"jxlp" else 0  # the number of the part
                file.seek(box.start + skipped)
                content += file.read(min(box.end - box.start - skipped, _LONGEST_HEADER))
                if box.kind == b"jxlc" or len(content) >= _LONGEST_HEADER:
                    break
    if not content.startswith(CODESTREAM):
        raise ValueError("no codestream")
    return content[len(CODESTREAM) :]


class _Bits:
    """Bits of bytes, the lowest of each byte first."""

    def __init__(self, content: bytes) -> None:
        self._number = int.from_bytes(content, "little")
        self._left = 8 * len(content)

    def take(self, count: int) -> int:
        """Take bits, as an unsigned number."""
        if count > self._left:
            raise ValueError("the file is truncated")
        value = self._number & ((1 << count) - 1)
        self._number >>= count
        self._left -= count
        return value

    def flag(self) -> bool:
        return bool(self.take(1))

    def choice(self, distributions: list[tuple[int, int]]) -> int:
        """Take a number: two bits select how many bits it has, and what is added; section B.2.2."""
        count, offset = distributions[self.take(2)]
        return self.take(count) + offset


def _header(bits: _Bits) -> Header:
    width, height = _size(bits, [(5, 1)], _SIDES)
    if bits.flag():  # all defaults
        return Header((width, height))
    is_animated = False
    if bits.flag():
        if bits.take(3) >= 4:  # an orientation of 5 to 8, less 1
            width, height = height, width
        if bits.flag():  # the intrinsic size
            _size(bits, [(5, 1)], _SIDES)
        if bits.flag():
            _size(bits, _EIGHTHS_OF_PREVIEW, _SIDES_OF_PREVIEW)
        if is_animated := bits.flag():
            bits.choice([(0, 100), (0, 1000), (10, 1), (30, 1)])
            bits.choice([(0, 1), (0, 1001), (8, 1), (10, 1)])
            bits.choice([(0, 0), (3, 0), (16, 0), (32, 0)])
            bits.take(1)
    is_float, depth = _depth(bits)
    bits.take(1)  # modular_16bit_buffers
    extra = [_extra_channel(bits) for _ in range(bits.choice([(0, 0), (0, 1), (4, 2), (12, 1)]))]
    alphas = [is_associated for kind, is_associated in extra if kind == _ALPHA]
    is_xyb = bits.flag()
    is_gray, encoding = _encoding(bits, is_xyb)
    return Header(
        (width, height),
        depth,
        is_float,
        is_gray,
        bool(alphas),
        len(extra) > len(alphas),
        bool(alphas) and alphas[0],
        is_animated,
        encoding,
    )


def _size(
    bits: _Bits, eighths: list[tuple[int, int]], sides: list[tuple[int, int]]
) -> tuple[int, int]:
    """Width and height in px; section D.2."""
    in_eighths = bits.flag()

    def side() -> int:
        if not in_eighths:
            return bits.choice(sides)
        if len(eighths) > 1:
            return 8 * bits.choice(eighths)
        ((count, offset),) = eighths
        return 8 * (bits.take(count) + offset)

    height = side()
    if ratio := bits.take(3):
        numerator, denominator = _RATIOS[ratio - 1]
        return height * numerator // denominator, height
    return side(), height


def _depth(bits: _Bits) -> tuple[bool, int]:
    """Whether samples are floating-point, and their bits; section D.3.5."""
    if not bits.flag():
        return False, bits.choice([(0, 8), (0, 10), (0, 12), (6, 1)])
    depth = bits.choice([(0, 32), (0, 16), (0, 24), (6, 1)])
    bits.take(4)  # bits of the exponent, less 1
    return True, depth


def _extra_channel(bits: _Bits) -> tuple[int, bool]:
    """The type of an extra channel, and whether it is associated alpha; section D.3.6."""
    if bits.flag():
        return _ALPHA, False
    kind = bits.choice(_ENUM)
    _depth(bits)
    bits.choice([(0, 0), (0, 3), (0, 4), (3, 1)])
    bits.take(8 * bits.choice([(0, 0), (4, 0), (5, 16), (10, 48)]))  # its name
    if kind == _ALPHA:
        return kind, bits.flag()
    if kind == _SPOT:
        bits.take(4 * 16)
    elif kind == _CFA:
        bits.choice([(0, 1), (2, 0), (4, 3), (8, 19)])
    return kind, False


def _encoding(bits: _Bits, is_xyb: bool) -> tuple[bool, Encoding | None]:
    """Whether pixels are gray, and their encoding; section E.2."""
    if bits.flag():  # all defaults
        return False, SRGB_ENCODING
    has_profile, space = bits.flag(), bits.choice(_ENUM)
    if has_profile:
        # Of pixels that are stored as XYB, libjxl then returns linear sRGB.
        return space == _GRAY, Encoding(gamma=1.0) if is_xyb else None
    white, primaries = color_encoding.D65, SRGB_ENCODING.primaries
    if space != _XYB:
        number = bits.choice(_ENUM)
        white = _coordinates(bits) if number == _CUSTOM_WHITE else _WHITES[_checked(number)]
        if space != _GRAY:
            number = bits.choice(_ENUM)
            if number == _CUSTOM_PRIMARIES:
                primaries = tuple(value for _ in range(3) for value in _coordinates(bits))
            else:
                primaries = color_encoding.PRIMARIES.get(number, primaries)
        if bits.flag():
            exponent = bits.take(24) / 10_000_000  # from light to values
            if not 0.1 <= exponent <= 1:
                raise ValueError("an impossible gamma")
            return space == _GRAY, Encoding(primaries, white, gamma=1 / exponent)
        transfer = color_encoding.of_numbers(color_encoding.BT709, bits.choice(_ENUM))
        return space == _GRAY, transfer._replace(primaries=primaries, white=white)
    return False, SRGB_ENCODING


def _checked(number: int) -> int:
    if number not in _WHITES:
        raise ValueError("an unknown white point")
    return number


def _coordinates(bits: _Bits) -> tuple[float, float]:
    """CIE x and y of a color, in millionths, with the sign in the lowest bit."""
    packed = [bits.choice(_COORDINATE) for _ in range(2)]
    x, y = ((value >> 1 if value % 2 == 0 else -(value >> 1) - 1) / 1e6 for value in packed)
    if not (math.isfinite(x) and 0 < y < 1):
        raise ValueError("an impossible color")
    return x, y
