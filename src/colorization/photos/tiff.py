"""Read TIFFs that Pillow cannot decode, or decodes incorrectly, and list the pages of a TIFF.

References
----------
TIFF Revision 6.0, Adobe 1992; for BigTIFF, the specification of libtiff.
"""

import io
import logging
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin

from colorization.core.errors import ColorizationError
from colorization.photos import jpeg, scaling
from colorization.photos.strips import PIXELS

if TYPE_CHECKING:
    import tifffile

# Without a handler, tifffile's log of unusual files would go to the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MOST_DIRECTORIES = 10_000
_MOST_ENTRIES = 4096  # of a directory; tifffile's limit
_MOST_VALUES = 64  # of a tag; those read here have at most one per sample
_OVERLAPPING = 4  # times the file's size; Pillow holds all values of a directory in memory
_SHARED = 16  # times the file's size; directories may share values, such as a profile
_MOST_SEGMENTS = 1 << 20  # strips or tiles of a page
_MOST_BYTES = 1 << 30  # of a decoded strip or tile
_SHORTEST_TILE = 16  # px; section 15: sides of tiles are multiples of 16

# Bytes of the types of section 2, of IFD, and of BigTIFF's LONG8, SLONG8 and IFD8.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}
_UNSIGNED = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q", 18: "Q"}  # as in `struct`

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255
_MAX_SAMPLE_VALUE = 281
_INK_SET = 332
_IMAGE_DEPTH = 32997
_DEFAULTS = {
    _NEW_SUBFILE_TYPE: (0,),
    _SUBFILE_TYPE: (1,),
    TiffImagePlugin.IMAGEWIDTH: (0,),
    TiffImagePlugin.IMAGELENGTH: (0,),
    TiffImagePlugin.BITSPERSAMPLE: (1,),
    TiffImagePlugin.COMPRESSION: (1,),
    TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: (0,),
    TiffImagePlugin.SAMPLESPERPIXEL: (1,),
    _MAX_SAMPLE_VALUE: (0,),
    TiffImagePlugin.PLANAR_CONFIGURATION: (1,),
    TiffImagePlugin.SUBIFD: (),
    _INK_SET: (1,),
    TiffImagePlugin.EXTRASAMPLES: (),
    TiffImagePlugin.SAMPLEFORMAT: (1,),
    _IMAGE_DEPTH: (1,),
}

_UNCOMPRESSED = 1
_JPEG = 7
# Compressions that imagecodecs supports for all samples: none, LZW, JPEG, deflate (two numbers),
# PackBits, LZMA and Zstandard.
_COMPRESSIONS = {_UNCOMPRESSED, 5, _JPEG, 8, 32946, 32773, 34925, 50000}
_KINDS = {1: "u", 2: "i", 3: "f"}  # SampleFormat
_BITS = {"u": {*range(1, 17), 32}, "i": {8, 16, 32}, "f": {16, 32, 64}}

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR, _CIELAB = 0, 1, 2, 3, 5, 6, 8
_MODES = {
    _WHITE_IS_ZERO: "L",
    _BLACK_IS_ZERO: "L",
    _RGB: "RGB",
    _PALETTE: "P",
    _SEPARATED: "CMYK",
    _YCBCR: "YCbCr",
    _CIELAB: "LAB",
}
_CHANNELS = {"L": 1, "P": 1, "RGB": 3, "YCbCr": 3, "LAB": 3, "CMYK": 4}
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples
_WITH_ALPHA = {
    ("L", _UNASSOCIATED): "LA",
    ("L", _ASSOCIATED): "La",  # Pillow's modes of premultiplied alpha
    ("RGB", _UNASSOCIATED): "RGBA",
    ("RGB", _ASSOCIATED): "RGBa",
}
_MOST_EXTRA = {"L": 1, "P": 0, "RGB": 3, "YCbCr": 0, "LAB": 0, "CMYK": 3}


@dataclass(frozen=True)
class Directory:
    """A directory of a TIFF, which describes one image.

    Attributes
    ----------
    frame : int
        Its index in the chain of directories, from 0.
    offset : int
        In the file, bytes.
    tags : mapping of int to tuple of int
        Values of the tags that describe how pixels are stored.
    """

    frame: int
    offset: int
    tags: Mapping[int, tuple[int, ...]]

    def all_of(self, tag: int) -> tuple[int, ...]:
        """The values of a tag."""
        return self.tags.get(tag) or _DEFAULTS[tag]

    def one(self, tag: int) -> int:
        """The first value of a tag."""
        return self.all_of(tag)[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px, as stored."""
        return self.one(TiffImagePlugin.IMAGEWIDTH), self.one(TiffImagePlugin.IMAGELENGTH)

    @property
    def is_page(self) -> bool:
        """Whether it is not a thumbnail, a pyramid level or a mask; section 8."""
        reduced, mask = 0b001, 0b100
        return not self.one(_NEW_SUBFILE_TYPE) & (reduced | mask) and self.one(_SUBFILE_TYPE) != 2

    @property
    def bits(self) -> int | None:
        """Bits of each sample; None if they differ."""
        bits = set(self.all_of(TiffImagePlugin.BITSPERSAMPLE))
        return bits.pop() if len(bits) == 1 else None

    @property
    def kind(self) -> str | None:
        """The kind of number, as in `numpy.dtype.kind`; None if unknown or different."""
        formats = set(self.all_of(TiffImagePlugin.SAMPLEFORMAT))
        return _KINDS.get(formats.pop()) if len(formats) == 1 else None

    @property
    def significant_bits(self) -> int | None:
        """Bits used of each sample, according to MaxSampleValue; None if all.

        The tag may also be the greatest value that occurs (section 8), which is not a range, so
        only values one less than a power of 2 are used.
        """
        most = self.one(_MAX_SAMPLE_VALUE)
        used = most.bit_length()
        return used if 8 <= used < (self.bits or 0) and most == 2**used - 1 else None

    @property
    def photometric(self) -> int:
        """The PhotometricInterpretation."""
        return self.one(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION)

    @property
    def compression(self) -> int:
        """The Compression."""
        return self.one(TiffImagePlugin.COMPRESSION)

    @property
    def is_planar(self) -> bool:
        """Whether each sample has its own plane."""
        return self.one(TiffImagePlugin.PLANAR_CONFIGURATION) == 2

    @property
    def pillow_decodes_correctly(self) -> bool:
        """Whether Pillow either refuses it or returns its samples, rounded as in `scaling`.

        Pillow confuses planes, reads signed 8-bit samples as unsigned, swaps the bytes of
        compressed samples of more than 8 bits twice, ignores MaxSampleValue, and does not report
        the kind of gray samples of more than 8 bits.
        """
        wide_color = self.bits == 16 and self.photometric in {_RGB, _SEPARATED}
        return (
            not self.is_planar
            and self.kind == "u"
            and (max(self.all_of(TiffImagePlugin.BITSPERSAMPLE)) <= 8 or wide_color)
            and self.significant_bits is None
            and (self.photometric, self.compression) != (_YCBCR, _UNCOMPRESSED)
        )

    def mode(self) -> tuple[str, int | None]:
        """Return Pillow's mode of the samples.

        Returns
        -------
        mode : str
            "L", "RGB", "YCbCr", "LAB" or "CMYK", or one with alpha.
        alpha : int or None
            Which sample is alpha, from 0.

        Raises
        ------
        ColorizationError
            If tifffile or this module does not support it. The message names the reason.
        """
        mode = _MODES.get(self.photometric)
        if mode is None:
            raise _unsupported(f"PhotometricInterpretation {self.photometric}")
        samples, channels = self.one(TiffImagePlugin.SAMPLESPERPIXEL), _CHANNELS[mode]
        extra = self.all_of(TiffImagePlugin.EXTRASAMPLES)[: max(0, samples - channels)]
        if mode == "RGB" and samples == 4 and not extra:
            extra = (_UNASSOCIATED,)  # as in Pillow; many programs omit the tag
        if samples != channels + len(extra) or len(extra) > _MOST_EXTRA[mode]:
            raise _unsupported(f"{samples} samples a pixel in {_named(mode)}")
        if self.bits is None or self.kind is None or self.bits not in _BITS[self.kind]:
            raise _unsupported(f"samples of {self._samples_in_words()}")
        fitting = {"P": range(1, 9), "YCbCr": range(1, 9), "LAB": {8}}
        if mode in fitting and (self.kind != "u" or self.bits not in fitting[mode]):
            raise _unsupported(f"{_named(mode)} of {self._samples_in_words()}")
        if self.compression not in _COMPRESSIONS:
            raise _unsupported(f"compression {self.compression} of {self._samples_in_words()}")
        if mode == "CMYK" and self.one(_INK_SET) != 1:
            raise _unsupported("inks other than CMYK")
        if self.one(_IMAGE_DEPTH) != 1:
            raise _unsupported("more than one layer in depth")
        for index, meaning in enumerate(extra, channels):
            if meaning in {_ASSOCIATED, _UNASSOCIATED}:
                if (mode, meaning) not in _WITH_ALPHA:
                    raise _unsupported(f"{_named(mode)} with alpha")
                return _WITH_ALPHA[mode, meaning], index
        # Decoding applies the palette, and converts a JPEG's colors.
        is_converted = (mode, self.compression) == ("YCbCr", _JPEG) and not self.is_planar
        return ("RGB" if mode == "P" or is_converted else mode), None

    def _samples_in_words(self) -> str:
        bits = self.bits or "/".join(map(str, self.all_of(TiffImagePlugin.BITSPERSAMPLE)))
        kinds = {"u": "unsigned", "i": "signed", "f": "floating-point", None: "mixed or complex"}
        return f"{bits} {kinds[self.kind]} bits"


def _named(mode: str) -> str:
    return {"L": "gray", "P": "palette color", "LAB": "CIELab"}.get(mode, mode)


def _unsupported(what: str) -> ColorizationError:
    return ColorizationError(f"a TIFF with {what}, which is not supported")


def is_tiff(file: BinaryIO) -> bool:
    """Whether a file begins like a TIFF or BigTIFF."""
    file.seek(0)
    return file.read(4) in _BEGINNINGS


def directories(file: BinaryIO) -> list[Directory]:
    """Read the chain of directories of a TIFF.

    SubIFDs, which contain thumbnails, pyramid levels or raw data, are not included.

    Parameters
    ----------
    file : binary file
        A TIFF; see `is_tiff`.

    Returns
    -------
    list of Directory
        At least one. A circular chain ends where it repeats.

    Raises
    ------
    ColorizationError
        If it is damaged, or a big-endian BigTIFF.
    """
    file.seek(0)
    order, layout = _BEGINNINGS[file.read(4)]
    if (order, layout) == (">", _BIG):  # of which Pillow cannot read EXIF and profile
        raise _unsupported("64-bit offsets in big-endian order")
    size = file.seek(0, io.SEEK_END)
    read: dict[int, Directory] = {}
    all_values = 0
    try:
        (offset,) = _numbers(file, layout.first, f"{order}{layout.offset}")
        while offset and offset not in read:
            if len(read) == _MOST_DIRECTORIES:
                raise ValueError(f"more than {_MOST_DIRECTORIES:,} directories")
            directory, values, following = _directory(file, order, layout, offset, len(read))
            in_file = sum(min(value, size) for value in values)  # a count may be damaged
            all_values += in_file
            if in_file > _OVERLAPPING * size or all_values > _SHARED * size:
                raise ValueError("overlapping values")
            read[offset], offset = directory, following
        if not read:
            raise ValueError("no directory")
    except (struct.error, OverflowError) as error:
        raise ColorizationError("damaged TIFF: a directory outside the file") from error
    except ValueError as error:
        raise ColorizationError(f"damaged TIFF: {error}") from error
    return list(read.values())


def pages(file: BinaryIO) -> list[Directory]:
    """Return the directories that are pages of a TIFF; at least one. Raises as `directories`."""
    chain = directories(file)
    result = [directory for directory in chain if directory.is_page]
    if not result and chain[0].all_of(TiffImagePlugin.SUBIFD):
        raise _unsupported("its photograph in a SubIFD, like a camera's raw file")
    return result or chain[:1]


@dataclass(frozen=True)
class _Layout:
    """The layout of a TIFF or BigTIFF, in `struct`'s notation."""

    first: int  # bytes before the offset of the first directory
    offset: str
    count: str  # of a directory's entries


_CLASSIC, _BIG = _Layout(4, "L", "H"), _Layout(8, "Q", "Q")
_BEGINNINGS = {
    b"II*\0": ("<", _CLASSIC),
    b"MM\0*": (">", _CLASSIC),
    b"II+\0": ("<", _BIG),
    b"MM\0+": (">", _BIG),
}


def _numbers(file: BinaryIO, start: int, form: str) -> tuple[Any, ...]:
    """Read numbers at an offset, in `struct`'s notation."""
    file.seek(start)
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _directory(
    file: BinaryIO, order: str, layout: _Layout, offset: int, frame: int
) -> tuple[Directory, list[int], int]:
    """Read a directory; return it, the sizes of its values, and the next offset (0: none)."""
    (count,) = _numbers(file, offset, f"{order}{layout.count}")
    if count > _MOST_ENTRIES:
        raise ValueError(f"a directory of {count:,} entries")
    inline = struct.calcsize(f"{order}{layout.offset}")  # bytes of a value stored in its entry
    entry = struct.Struct(f"{order}HH{layout.offset}{inline}s")
    table = file.read(count * entry.size)
    link = file.read(inline)
    # Some programs omit it at the end of the file.
    (following,) = struct.unpack(f"{order}{layout.offset}", link) if len(link) == inline else (0,)
    tags: dict[int, tuple[int, ...]] = {}
    sizes = []
    for tag, kind, values, value in entry.iter_unpack(table):
        size = values * _SIZES.get(kind, 0)
        sizes.append(size)
        if tag in _DEFAULTS and tag not in tags and kind in _UNSIGNED and values <= _MOST_VALUES:
            form = f"{order}{values}{_UNSIGNED[kind]}"
            if size <= inline:
                tags[tag] = struct.unpack_from(form, value)
            else:
                (start,) = struct.unpack(f"{order}{layout.offset}", value)
                tags[tag] = _numbers(file, start, form)
    return Directory(frame, offset, tags), sizes, following


class TiffPage(TiffImagePlugin.TiffImageFile):
    """A page of a TIFF that tifffile decodes to 8 bits, when it is loaded.

    Parameters
    ----------
    file : binary file
        Must stay open until the pixels are decoded.
    directory : Directory

    Raises
    ------
    ColorizationError
        As `Directory.mode`.
    """

    def __init__(self, file: BinaryIO, directory: Directory) -> None:
        self._directory = directory
        self._decoded = False
        super().__init__(file)

    def _open(self) -> None:
        self._mode, self._alpha = self._directory.mode()
        self._size = self._directory.size
        if 0 in self._size:
            raise ColorizationError("damaged TIFF: no width or height")
        self.is_animated = False
        assert self.fp is not None  # noqa: S101
        self.fp.seek(0)
        head = self.fp.read(8)
        if _BEGINNINGS[head[:4]][1] == _BIG:
            head += self.fp.read(8)
        self.tag_v2 = TiffImagePlugin.ImageFileDirectory_v2(head)
        self.fp.seek(self._directory.offset)
        self.tag_v2.load(self.fp)
        if profile := self.tag_v2.get(TiffImagePlugin.ICCPROFILE):
            self.info["icc_profile"] = profile

    def load(self) -> Any:
        """Decode the pixels."""
        if not self._decoded:
            self.im = self._decode().im
            self._decoded = True
        return Image.Image.load(self)

    def _decode(self) -> Image.Image:
        """The pixels in 8 bits, decoded strip by strip or tile by tile."""
        decoded = Image.new(self.mode, self.size)
        for corner, channels in self._segments(scaling.to_eight_bits):
            colors = channels
            if self._directory.photometric == _PALETTE:
                colors = self._palette_colors()[channels[..., 0]]
            size = (colors.shape[1], colors.shape[0])
            decoded.paste(Image.frombytes(self.mode, size, colors.tobytes()), corner)
        return decoded

    def sixteen_bits(self) -> np.ndarray:
        """Decode the pixels to 16 bits.

        Returns
        -------
        (H, W, C) uint16 array
            The channels of `mode`.
        """
        width, height = self.size
        decoded = np.empty((height, width, len(self.getbands())), np.uint16)
        for (left, top), channels in self._segments(scaling.to_sixteen_bits):
            room = decoded[top : top + channels.shape[0], left : left + channels.shape[1]]
            room[:] = channels[: room.shape[0], : room.shape[1]]  # tiles may exceed the image
        return decoded

    def _segments(
        self, scale: Callable[[np.ndarray, int], np.ndarray]
    ) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
        """Yield left and top, and the chosen channels, of each strip or tile."""
        directory = self._directory
        assert self.fp is not None  # noqa: S101
        segments = _Segments(self.fp, directory)
        white = self._white(segments)
        chosen = [*range(_CHANNELS[_MODES[directory.photometric]])]
        if self._alpha is not None:
            chosen.append(self._alpha)
        for corner, planes in segments:
            scaled = [
                plane.astype(np.uint8) if directory.photometric == _PALETTE else scale(plane, white)
                for plane in planes
            ]
            channels = np.concatenate(scaled, axis=-1)[..., chosen]
            if directory.photometric == _WHITE_IS_ZERO:
                channels[..., 0] = np.iinfo(channels.dtype).max - channels[..., 0]
            yield corner, channels

    def _white(self, segments: "_Segments") -> int:
        """The value of white; samples of many bits are decoded an additional time for it."""
        bits, kind = self._directory.bits, self._directory.kind
        assert bits is not None  # noqa: S101 (`Directory.mode` has refused it)
        assert kind is not None  # noqa: S101
        if used := self._directory.significant_bits:
            return 2**used - 1
        greatest = 0.0
        if kind == "f" or bits >= 16:
            for _, planes in segments:
                greatest = max(greatest, *map(scaling.greatest, planes))
                if bits == 16 and scaling.is_bright(greatest):
                    break
        return scaling.white(kind, bits, greatest)

    def _palette_colors(self) -> np.ndarray:
        """The palette, (256, 3) uint8; stored as 16-bit red, green and blue planes (section 5)."""
        values = np.array(self.tag_v2.get(TiffImagePlugin.COLORMAP), np.uint16)
        colors = np.zeros((256, 3), np.uint8)
        colors[: 2 ** (self._directory.bits or 0)] = values.reshape(3, -1).T >> 8
        return colors


class _Segments:
    """The strips or tiles of a page.

    Iteration yields (left, top) in px, and a list of (rows, columns, samples) arrays: one of all
    samples or, in a planar image, one per sample.
    """

    def __init__(self, file: IO[bytes], directory: Directory) -> None:
        import tifffile  # noqa: PLC0415 (slow, and rarely needed)

        file.seek(0)
        # Do not apply the special rules for these microscopes' files.
        tiff = tifffile.TiffFile(file, is_lsm=False, is_ndpi=False, is_scanimage=False)
        tiff.filehandle.seek(directory.offset)
        self._file = file
        self._page = page = tifffile.TiffPage(tiff, 0)
        _shorten_strips(page)
        count = math.prod(page.chunked)
        if not count == len(page.dataoffsets) == len(page.databytecounts):
            raise ValueError(f"{len(page.dataoffsets):,} strips or tiles instead of {count:,}")
        if count > _MOST_SEGMENTS or (page.tile and min(page.tile) < _SHORTEST_TILE):
            raise ValueError("strips or tiles are too small")
        if page.dtype is None or math.prod(page.chunks) * page.dtype.itemsize > _MOST_BYTES:
            raise ValueError("a strip or tile is too large")
        if sum(page.databytecounts) > tiff.filehandle.size:
            raise ValueError("strips or tiles overlap, or are outside the file")
        self._planes = page.samplesperpixel if directory.is_planar else 1
        self._count = count // self._planes

    def __iter__(self) -> Iterator[tuple[tuple[int, int], list[np.ndarray]]]:
        for index in range(self._count):
            planes = []
            for plane in range(self._planes):
                values, (_, _, top, left, _) = self._decoded(plane * self._count + index)
                planes.append(values)
            yield (left, top), planes

    def _decoded(self, index: int) -> tuple[np.ndarray, tuple[int, ...]]:
        page = self._page
        self._file.seek(page.dataoffsets[index])
        content = self._file.read(page.databytecounts[index])
        if page.compression == _JPEG:
            self._check_jpeg(content)
        values, place, _ = page.decode(content, index, jpegtables=page.jpegtables)
        if values is None:
            raise ValueError("a strip or tile is empty")
        return values[0], place

    def _check_jpeg(self, content: bytes) -> None:
        """Raise if a JPEG is larger than its strip or tile, before it is decoded."""
        page = self._page
        width, height = page.imagewidth, page.rowsperstrip
        if page.is_tiled:
            width, height = page.tilewidth, page.tilelength
        header = jpeg.frame(io.BytesIO(content))
        samples = page.samplesperpixel // self._planes
        if header and (
            header.width > width or header.height > height or len(header.components) != samples
        ):
            raise ValueError("a JPEG does not match the size of its strip or tile")


def _shorten_strips(page: "tifffile.TiffPage") -> None:
    """Divide an uncompressed image of one strip, or one per plane, into shorter ones."""
    if page.is_tiled or page.compression != _UNCOMPRESSED or page.rowsperstrip < page.imagelength:
        return
    samples = 1 if page.planarconfig == 2 else page.samplesperpixel
    row = -(-page.imagewidth * samples * page.bitspersample // 8)  # bytes; rows are byte-aligned
    if min(page.databytecounts) < row * page.imagelength:
        return  # truncated; decoding will raise
    rows = max(1, PIXELS // page.imagewidth)
    tops = range(0, page.imagelength, rows)
    lengths = [row * min(rows, page.imagelength - top) for top in tops]
    page.databytecounts = tuple(lengths * len(page.dataoffsets))
    page.dataoffsets = tuple(start + row * top for start in page.dataoffsets for top in tops)
    page.rowsperstrip = rows
