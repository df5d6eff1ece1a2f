"""Accepted formats, file sizes and numbers, without slow imports."""

from numbers import Real

from colorization.core.errors import ColorizationError

# Pillow's name of a result's format, by file extension.
FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # first bytes; with 64-bit offsets, the latter
LARGEST_FILE = 1_500_000_000  # bytes; enough for 179 megapixels of 64 bits, the decoder's limit
NO_FILE = "not a file, but a folder, a pipe, a socket or a device"
MOST_SATURATION = 100.0  # nearly all colors are then at the limit of sRGB


def checked_number(name: str, value: object, most: float) -> float:
    """Return `value` as a float.

    Raises
    ------
    ColorizationError
        If it is not a number from 0 to `most`.
    """
    # Compared before it is converted: an int may be too large for a float.
    if not isinstance(value, Real) or not 0 <= value <= most:  # type: ignore[operator]
        raise ColorizationError(f"{name} must be from 0 to {most:g}; found {value!r}")
    return float(value)
