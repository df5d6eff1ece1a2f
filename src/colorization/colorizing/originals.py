"""Read photographs with their metadata, and write them in color."""

import io
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar, overload

import numpy as np
from PIL import Image

from colorization.color import lab
from colorization.colorizing import metadata, sixteen_bits
from colorization.colorizing.accepted import FORMATS, NO_FILE
from colorization.colorizing.borders import Picture
from colorization.colorizing.mark import Mark
from colorization.colorizing.metadata import Metadata
from colorization.colorizing.sixteen_bit_results import SixteenBitResult, write_png, write_tiff
from colorization.colorizing.sixteen_bits import SixteenBitImage
from colorization.core.errors import ColorizationError, PhotographWarning, reason
from colorization.core.files import atomic_write
from colorization.photos import decoding
from colorization.photos.strips import Box, strips

# Subsampling 0: by default, JPEG halves the resolution of colors.
# No "optimize": Pillow would hold all coefficients of an image in memory.
OPTIONS: dict[str, dict] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {"compress_level": 4},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"quality": 95},
}
LONGEST_OF_JPEG = 65_500  # px, libjpeg's limit
PIXELS_AT_A_TIME = 200_000


Pixels = TypeVar("Pixels", Image.Image, SixteenBitImage)


@dataclass(frozen=True)
class Original(Generic[Pixels]):
    """A decoded photograph.

    Attributes
    ----------
    rgb : Image.Image or SixteenBitImage
        An image has mode RGB, or RGBA if anything is transparent; sRGB, upright.
    metadata : Metadata
        Metadata of its file.
    """

    rgb: Pixels
    metadata: Metadata = field(default_factory=Metadata)


AnyOriginal = Original[Image.Image] | Original[SixteenBitImage]


@contextmanager
def opened(source: Path | bytes) -> Iterator[BinaryIO]:
    """Open a photograph for reading, from its path or its file's content.

    Raises
    ------
    ColorizationError
        If it is not a regular file; a pipe or a device might never end.
    OSError
        If it cannot be opened.
    """
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    if not stat.S_ISREG(source.stat().st_mode):
        raise ColorizationError(NO_FILE)
    with source.open("rb") as file:
        yield file


def count_pixels(source: Path | bytes, page: int | None = None) -> int:
    """Count the pixels of an image without decoding it, to know the memory that this takes.

    Returns
    -------
    int
        Each pixel of a JPEG 2000 or JPEG XL counts twice.

    Raises
    ------
    ColorizationError
        If it cannot be opened.
    """
    with opened(source) as file:
        image = decoding.open_image(file, large=True, page=page)
        return image.width * image.height * (2 if image.format in decoding.MEMORY_INTENSIVE else 1)


def read_original(source: Path | bytes, page: int | None = None) -> Original[Image.Image]:
    """Decode a photograph in full size, to 8 bits.

    Parameters
    ----------
    source : Path or bytes
        The file or its content.
    page : int, optional
        Of a TIFF with several pages, from 0.

    Raises
    ------
    ColorizationError
        If it cannot be decoded, or has over 179 megapixels.

    Warns
    -----
    PhotographWarning
        If its metadata is damaged.
    """
    with opened(source) as file:
        image = decoding.open_image(file, large=True, page=page)
        decoding.load(image)
        described = _metadata(file, page, image)
        return Original(decoding.to_srgb_with_alpha(image), described)


def read_in_full_depth(source: Path | bytes, page: int | None = None) -> AnyOriginal:
    """Decode a photograph to 16 bits if it has more than 8; otherwise as `read_original`."""
    with opened(source) as file:
        image = decoding.open_image(file, large=True, page=page)
        described = _metadata(file, page, image)
        deep = sixteen_bits.decode(image, file, page)
        if deep is None:
            return Original(decoding.to_srgb_with_alpha(image), described)
        return Original(deep, described)


def _metadata(file: BinaryIO, page: int | None, image: Image.Image) -> Metadata:
    try:
        return metadata.read(file, page, image.info)
    except Exception as error:  # damaged metadata must not fail the photograph
        warnings.warn(f"metadata dropped: {reason(error)}", PhotographWarning, stacklevel=3)
        return Metadata()


def holds_sixteen_bits(out: Path) -> bool:
    """Whether the format of a result can hold 16 bits a sample."""
    return FORMATS[out.suffix.lower()] in {"PNG", "TIFF"}


def encode_png(original: AnyOriginal, rgb: Image.Image | SixteenBitResult, mark: Mark) -> bytes:
    """Return the bytes that `write_original` writes to a PNG file."""
    content = io.BytesIO()
    options = OPTIONS["PNG"] | metadata.options(original.metadata, "PNG", rgb.size, mark)
    if isinstance(rgb, SixteenBitResult):
        write_png(rgb, content, options)
    else:
        rgb.save(content, "PNG", **options)
    return content.getvalue()


def write_original(
    original: AnyOriginal,
    rgb: Image.Image | SixteenBitResult,
    out: Path,
    *,
    mark: Mark | None = None,
    replace: bool = True,
) -> None:
    """Write an image in the format of its file extension, with the original's metadata.

    Parameters
    ----------
    original : Original
    rgb : Image.Image or SixteenBitResult
        Mode RGB or RGBA, sRGB. A result of 16 bits, only if the format `holds_sixteen_bits`.
    out : Path
        Written atomically.
    mark : Mark, optional
    replace : bool
        Whether to replace an existing file.

    Raises
    ------
    ColorizationError
        If the format cannot hold the image.
    OSError
        If the file cannot be written, for example on a full disk.

    Warns
    -----
    PhotographWarning
        If some metadata cannot be written.
    """
    kind = FORMATS[out.suffix.lower()]
    if isinstance(rgb, Image.Image) and (kind, rgb.mode) == ("JPEG", "RGBA"):
        rgb = rgb.convert("RGB")  # JPEG has no transparency
    options = OPTIONS[kind] | metadata.options(original.metadata, kind, rgb.size, mark)
    with atomic_write(out, replace=replace) as partial:
        if kind == "JPEG" and max(rgb.size) > LONGEST_OF_JPEG:
            raise ColorizationError(
                f"cannot be written as JPEG: a side is longer than {LONGEST_OF_JPEG:,} px"
            )
        try:
            if isinstance(rgb, Image.Image):
                _save(rgb, partial, kind, options)
            else:
                _save_sixteen_bits(rgb, partial, kind, options)
        # such as a side too long for WebP
        except (ValueError, RuntimeError) as error:
            raise ColorizationError(f"cannot be written as {kind}: {error}") from error
        if kind == "TIFF":
            metadata.append_to_tiff(partial, original.metadata, rgb.size, mark)


def _save(image: Image.Image, path: Path, kind: str, options: dict) -> None:
    # libtiff itself reports a full disk; through a Python file it would leave gaps undefined.
    with path.open("wb") if kind == "TIFF" else _Checked(io.FileIO(path, "w")) as file:
        try:
            image.save(file, kind, **options)
        except (OSError, RuntimeError) as error:
            if getattr(error, "errno", None) is None:  # "encoder error -2": writing raises why
                file.seek(0, io.SEEK_END)
                file.write(bytes(1 << 20))
                file.flush()
            raise


def _save_sixteen_bits(result: SixteenBitResult, path: Path, kind: str, options: dict) -> None:
    if kind == "TIFF":
        write_tiff(result, path)
        return
    with path.open("wb") as file:
        write_png(result, file, options)


class _Checked(io.BufferedWriter):
    """A file without a descriptor: encoders that write to a descriptor miss a full disk."""

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


@overload
def join(
    rgb: Image.Image, ab: np.ndarray, picture: Picture | None = None, *, side_by_side: bool = False
) -> Image.Image: ...


@overload
def join(
    rgb: SixteenBitImage,
    ab: np.ndarray,
    picture: Picture | None = None,
    *,
    side_by_side: bool = False,
) -> SixteenBitResult: ...


@overload
def join(
    rgb: Image.Image | SixteenBitImage,
    ab: np.ndarray,
    picture: Picture | None = None,
    *,
    side_by_side: bool = False,
) -> Image.Image | SixteenBitResult: ...


def join(
    rgb: Image.Image | SixteenBitImage,
    ab: np.ndarray,
    picture: Picture | None = None,
    *,
    side_by_side: bool = False,
) -> Image.Image | SixteenBitResult:
    """Combine a photograph's L, in full resolution, with predicted colors.

    Parameters
    ----------
    rgb : Image.Image or SixteenBitImage
        Mode RGB or RGBA, sRGB; modified in place, unless `side_by_side`.
    ab : (h, w, 2) float32 array
        CIE a*, b* / AB_SCALE, at any size; resized bicubically.
    picture : Picture, optional
        What of the photograph `ab` is of; the border around it is gray. Default: all of it.
    side_by_side : bool
        Put the gray photograph to the left, without transparency.

    Returns
    -------
    Image.Image or SixteenBitResult
        sRGB, of the photograph's mode and size; if `side_by_side`, RGB and twice as wide. A result
        of 16 bits is computed when it is written.
    """
    ab_of = _resized(ab, (0, 0, *rgb.size) if picture is None else picture.box_in(rgb))
    if isinstance(rgb, SixteenBitImage):
        return SixteenBitResult(rgb, ab_of, side_by_side)
    joined = Image.new("RGB", (2 * rgb.width, rgb.height)) if side_by_side else rgb
    for box in strips(rgb.size, PIXELS_AT_A_TIME):
        left, top, *_ = box
        strip = rgb.crop(box)
        L = lab.luminance(np.asarray(strip)[..., :3])
        colored = Image.fromarray(lab.lab_to_rgb(L, ab_of(box)))
        if side_by_side:
            joined.paste(Image.fromarray(lab.lab_to_rgb(L, np.zeros(2))), (left, top))
            joined.paste(colored, (rgb.width + left, top))
        else:
            if strip.mode == "RGBA":
                colored.putalpha(strip.getchannel("A"))
            joined.paste(colored, (left, top))
    return joined


def _resized(ab: np.ndarray, picture: Box) -> Callable[[Box], np.ndarray]:
    """A function that returns ab within a box of a photograph, 0 outside of the picture in it.

    Parameters
    ----------
    ab : (h, w, 2) float array
    picture : Box
        What of the photograph `ab` is of; resized to it bicubically.
    """
    channels = [Image.fromarray(channel) for channel in np.moveaxis(ab.astype(np.float32), -1, 0)]
    x, y = picture[:2]
    x_scale, y_scale = ab.shape[1] / (picture[2] - x), ab.shape[0] / (picture[3] - y)

    def within(box: Box) -> np.ndarray:
        colors = np.zeros((box[3] - box[1], box[2] - box[0], 2), np.float32)
        left, top = max(box[0], picture[0]), max(box[1], picture[1])
        right, bottom = min(box[2], picture[2]), min(box[3], picture[3])
        if left >= right or top >= bottom:
            return colors
        source = (
            (left - x) * x_scale,
            (top - y) * y_scale,
            (right - x) * x_scale,
            (bottom - y) * y_scale,
        )
        inside = colors[top - box[1] : bottom - box[1], left - box[0] : right - box[0]]
        for index, channel in enumerate(channels):
            inside[..., index] = np.asarray(
                channel.resize((right - left, bottom - top), Image.Resampling.BICUBIC, source)
            )
        return colors

    return within
