"""What is accepted: formats, sizes and numbers.

The command imports this before all that is slow.
"""

from numbers import Real

from colorization.core.errors import ColorizationError

# The format of a result, in Pillow's name, by the ending of its file.
FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
LARGEST_FILE = 1_500_000_000  # bytes; 179 megapixels of 64 bits, the most that is decoded, fit
NO_FILE = "not a file, but a folder, a pipe, a socket or a device"
MOST_SATURATION = 100.0  # by then, nearly all colors are as strong as sRGB allows


def checked_number(name: str, value: object, most: float) -> float:
    """Check a number from 0 to `most`.

    Raises
    ------
    ColorizationError
        If it is no number, or outside.
    """
    if not isinstance(value, Real) or not 0 <= float(value) <= most:
        raise ColorizationError(f"{name} must be from 0 to {most:g}; found {value!r}")
    return float(value)
