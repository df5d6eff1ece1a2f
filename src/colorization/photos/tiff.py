"""Reads the TIFFs that Pillow cannot read, or reads wrong, and tells a TIFF's pages.

References
----------
TIFF Revision 6.0, Adobe 1992; for BigTIFF, the specification of libtiff.
"""

import io
import logging
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin

from colorization.core.errors import ColorizationError
from colorization.photos import jpeg, scaling
from colorization.photos.strips import PIXELS

if TYPE_CHECKING:
    import tifffile

# tifffile logs what it thinks of unusual files. Without a handler, that would go to the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MOST_DIRECTORIES = 10_000
_MOST_ENTRIES = 4096  # of a directory; tifffile's own limit
_MOST_VALUES = 64  # of a tag that is read here; none has more than one for each sample
_OVERLAPPING = 4  # times a file's size; Pillow has all values of a directory in memory
_SHARED = 16  # times a file's size; directories may share values, such as a profile
_MOST_SEGMENTS = 1 << 20  # strips or tiles of a page
_MOST_BYTES = 1 << 30  # of a decoded strip or tile
_SHORTEST_TILE = 16  # px; section 15: sides of tiles are multiples of 16

# Sizes of the types of section 2, of BigTIFF's LONG8, SLONG8 and IFD8, and of IFD, in bytes.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}
_UNSIGNED = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q", 18: "Q"}  # in the terms of `struct`

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
# Of which imagecodecs decodes whatever samples there are: none, LZW, JPEG, deflate (new and old
# number), PackBits, LZMA, and Zstandard.
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
    ("L", _ASSOCIATED): "La",  # Pillow's modes whose colors are multiplied by alpha
    ("RGB", _UNASSOCIATED): "RGBA",
    ("RGB", _ASSOCIATED): "RGBa",
}
_MOST_EXTRA = {"L": 1, "P": 0, "RGB": 3, "YCbCr": 0, "LAB": 0, "CMYK": 3}


@dataclass(frozen=True)
class Directory:
    """What a TIFF says of one of its images.

    Attributes
    ----------
    frame : int
        Its place in the chain of directories, from 0.
    offset : int
        Where it begins in the file, in bytes.
    tags : mapping of int to tuple of int
        The values of the tags that decide how the image is read.
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
        """Whether it is not a thumbnail, a level of a pyramid or a mask; section 8."""
        reduced, mask = 0b001, 0b100
        return not self.one(_NEW_SUBFILE_TYPE) & (reduced | mask) and self.one(_SUBFILE_TYPE) != 2

    @property
    def bits(self) -> int | None:
        """Bits of each sample; None if samples differ in it."""
        bits = set(self.all_of(TiffImagePlugin.BITSPERSAMPLE))
        return bits.pop() if len(bits) == 1 else None

    @property
    def kind(self) -> str | None:
        """The kind of number, as in `numpy.dtype.kind`; None if another, or samples differ."""
        formats = set(self.all_of(TiffImagePlugin.SAMPLEFORMAT))
        return _KINDS.get(formats.pop()) if len(formats) == 1 else None

    @property
    def significant_bits(self) -> int | None:
        """Bits that are used of more, as MaxSampleValue says; None if all are.

        The tag may also tell the greatest value that happens to occur (section 8). That is no
        range, so only one less than a power of 2 counts.
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
        """Whether each sample has a plane of its own."""
        return self.one(TiffImagePlugin.PLANAR_CONFIGURATION) == 2

    @property
    def pillow_reads_it_right(self) -> bool:
        """Whether Pillow either refuses it or gives its samples, rounded as `scaling` does.

        Pillow mixes up planes, takes signed samples of 8 bits as unsigned, swaps the bytes of wide
        compressed samples twice, and knows no MaxSampleValue. Of wide gray it gives the samples as
        they are, so that their kind would have to be known once more.
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
        """Tell the mode of Pillow that holds the samples.

        Returns
        -------
        mode : str
            "L", "RGB", "YCbCr", "LAB" or "CMYK", or one with alpha.
        alpha : int or None
            Which sample is alpha, from 0.

        Raises
        ------
        ColorizationError
            If tifffile would not read it, or this module not understand it. The message says what
            is unusual.
        """
        mode = _MODES.get(self.photometric)
        if mode is None:
            raise _unsupported(f"PhotometricInterpretation {self.photometric}")
        samples, channels = self.one(TiffImagePlugin.SAMPLESPERPIXEL), _CHANNELS[mode]
        extra = self.all_of(TiffImagePlugin.EXTRASAMPLES)[: max(0, samples - channels)]
        if mode == "RGB" and samples == 4 and not extra:
            extra = (_UNASSOCIATED,)  # as Pillow takes it; many writers leave the tag out
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
        for place, meaning in enumerate(extra, channels):
            if meaning in {_ASSOCIATED, _UNASSOCIATED}:
                if (mode, meaning) not in _WITH_ALPHA:
                    raise _unsupported(f"{_named(mode)} with alpha")
                return _WITH_ALPHA[mode, meaning], place
        # A palette is looked up, and a JPEG's colors are converted, where they are decoded.
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
    """Whether a file begins as a TIFF or BigTIFF does."""
    file.seek(0)
    return file.read(4) in _BEGINNINGS


def directories(file: BinaryIO) -> list[Directory]:
    """Give the directories of a TIFF, in order, without looking at any image.

    Those of SubIFDs are not among them: they hold thumbnails, levels of a pyramid, or raw data.

    Parameters
    ----------
    file : binary file
        For which `is_tiff` holds.

    Returns
    -------
    list of Directory
        At least one. A chain that comes back to itself ends there.

    Raises
    ------
    ColorizationError
        If it is damaged, or a BigTIFF whose numbers begin with their highest byte.
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
            in_file = sum(min(value, size) for value in values)  # a damaged count costs no more
            all_values += in_file
            if in_file > _OVERLAPPING * size or all_values > _SHARED * size:
                raise ValueError("values that overlap")
            read[offset], offset = directory, following
        if not read:
            raise ValueError("no directory")
    except (struct.error, OverflowError) as error:
        raise ColorizationError("damaged: a directory lies outside the TIFF") from error
    except ValueError as error:
        raise ColorizationError(f"damaged: {error} in the TIFF") from error
    return list(read.values())


def pages(file: BinaryIO) -> list[Directory]:
    """Give the directories that are pages of a TIFF; at least one. Raises as `directories`."""
    chain = directories(file)
    kept = [directory for directory in chain if directory.is_page]
    if not kept and chain[0].all_of(TiffImagePlugin.SUBIFD):
        raise _unsupported("its photograph in a SubIFD, as camera raw files have it")
    return kept or chain[:1]


@dataclass(frozen=True)
class _Layout:
    """Where numbers stand in a TIFF or BigTIFF, in the terms of `struct`."""

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
    """Numbers at a place in a file, in the terms of `struct`."""
    file.seek(start)
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _directory(
    file: BinaryIO, order: str, layout: _Layout, offset: int, frame: int
) -> tuple[Directory, list[int], int]:
    """A directory, the bytes of each tag's values, and where the next begins (0: nowhere)."""
    (count,) = _numbers(file, offset, f"{order}{layout.count}")
    if count > _MOST_ENTRIES:
        raise ValueError(f"a directory of {count:,} entries")
    room = struct.calcsize(f"{order}{layout.offset}")  # a value that fits stands in the entry
    entry = struct.Struct(f"{order}HH{layout.offset}{room}s")
    table = file.read(count * entry.size)
    link = file.read(room)
    # Some writers leave it out at the end of the file.
    (following,) = struct.unpack(f"{order}{layout.offset}", link) if len(link) == room else (0,)
    tags: dict[int, tuple[int, ...]] = {}
    sizes = []
    for tag, kind, values, value in entry.iter_unpack(table):
        size = values * _SIZES.get(kind, 0)
        sizes.append(size)
        if tag in _DEFAULTS and tag not in tags and kind in _UNSIGNED and values <= _MOST_VALUES:
            form = f"{order}{values}{_UNSIGNED[kind]}"
            if size <= room:
                tags[tag] = struct.unpack_from(form, value)
            else:
                (start,) = struct.unpack(f"{order}{layout.offset}", value)
                tags[tag] = _numbers(file, start, form)
    return Directory(frame, offset, tags), sizes, following


class TiffPage(TiffImagePlugin.TiffImageFile):
    """A page of a TIFF that tifffile decodes, into 8 bits, when it is loaded.

    Parameters
    ----------
    file : binary file
        It must stay open until the pixels are decoded.
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
            raise ColorizationError("damaged: the TIFF does not say its width and height")
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
        directory = self._directory
        assert self.fp is not None  # noqa: S101
        segments = _Segments(self.fp, directory)
        white = self._white(segments)
        is_palette = directory.photometric == _PALETTE
        chosen = [*range(_CHANNELS[_MODES[directory.photometric]])]
        if self._alpha is not None:
            chosen.append(self._alpha)
        decoded = Image.new(self.mode, self.size)
        for place, planes in segments:
            scaled = [
                plane.astype(np.uint8) if is_palette else scaling.to_eight_bits(plane, white)
                for plane in planes
            ]
            channels = np.concatenate(scaled, axis=-1)[..., chosen]
            if directory.photometric == _WHITE_IS_ZERO:
                channels[..., 0] = 255 - channels[..., 0]
            if is_palette:
                channels = self._palette_colors()[channels[..., 0]]
            size = (channels.shape[1], channels.shape[0])
            decoded.paste(Image.frombytes(self.mode, size, channels.tobytes()), place)
        return decoded

    def _white(self, segments: "_Segments") -> int:
        """The value that stands for white; for it, wide samples are decoded once more."""
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
        """The palette, (256, 3) uint8; section 5: all red, all green, all blue, in 16 bits."""
        values = np.array(self.tag_v2.get(TiffImagePlugin.COLORMAP), np.uint16)
        colors = np.zeros((256, 3), np.uint8)
        colors[: 2 ** (self._directory.bits or 0)] = values.reshape(3, -1).T >> 8
        return colors


class _Segments:
    """The strips or tiles of a page.

    Each is its place, (left, top) in px, and its planes, a list of (rows, columns, samples) arrays:
    one of all samples or, if they lie apart, one for each sample.
    """

    def __init__(self, file: IO[bytes], directory: Directory) -> None:
        import tifffile  # noqa: PLC0415 (few files need it, and it takes a tenth of a second)

        file.seek(0)
        # These kinds of microscopes' files would be read by rules of their own.
        tiff = tifffile.TiffFile(file, is_lsm=False, is_ndpi=False, is_scanimage=False)
        tiff.filehandle.seek(directory.offset)
        self._file = file
        self._page = page = tifffile.TiffPage(tiff, 0)
        _shorten_strips(page)
        count = math.prod(page.chunked)
        if not count == len(page.dataoffsets) == len(page.databytecounts):
            raise ValueError(f"its data are {len(page.dataoffsets):,} pieces in place of {count:,}")
        if count > _MOST_SEGMENTS or (page.tile and min(page.tile) < _SHORTEST_TILE):
            raise ValueError("its strips or tiles are too small")
        if page.dtype is None or math.prod(page.chunks) * page.dtype.itemsize > _MOST_BYTES:
            raise ValueError("a strip or tile is too large")
        if sum(page.databytecounts) > tiff.filehandle.size:
            raise ValueError("its strips or tiles overlap, or lie outside the file")
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
        """Refuse a JPEG that is larger than its strip or tile, before it takes memory."""
        page = self._page
        width, height = page.imagewidth, page.rowsperstrip
        if page.is_tiled:
            width, height = page.tilewidth, page.tilelength
        header = jpeg.frame(io.BytesIO(content))
        samples = page.samplesperpixel // self._planes
        if header and (
            header.width > width or header.height > height or len(header.components) != samples
        ):
            raise ValueError("a JPEG in it does not have the size of its strip or tile")


def _shorten_strips(page: "tifffile.TiffPage") -> None:
    """Divide an image that is one strip, or one for each plane, where it is not compressed."""
    if page.is_tiled or page.compression != _UNCOMPRESSED or page.rowsperstrip < page.imagelength:
        return
    samples = 1 if page.planarconfig == 2 else page.samplesperpixel
    row = -(-page.imagewidth * samples * page.bitspersample // 8)  # bytes; rows begin on a byte
    if min(page.databytecounts) < row * page.imagelength:
        return  # something is missing, as decoding will tell
    rows = max(1, PIXELS // page.imagewidth)
    tops = range(0, page.imagelength, rows)
    lengths = [row * min(rows, page.imagelength - top) for top in tops]
    page.databytecounts = tuple(lengths * len(page.dataoffsets))
    page.dataoffsets = tuple(start + row * top for start in page.dataoffsets for top in tops)
    page.rowsperstrip = rows
