"""Scale samples of any bit depth to 8 or 16 bits, consistently for all file formats."""

import warnings

import numpy as np

from colorization.core.errors import PhotographWarning

_TWELVE_BITS = 2**12 - 1
_SIXTEEN_BITS = 2**16 - 1


def greatest(values: np.ndarray) -> float:
    """Return the greatest finite value of an array, at least 0."""
    if values.dtype.kind != "f":
        return max(0, int(values.max(initial=0)))
    return float(np.max(values, where=np.isfinite(values), initial=0))


def is_bright(value: float) -> bool:
    """Whether a 16-bit value exceeds the range of 12 bits."""
    return value > _TWELVE_BITS


def white(kind: str, bits: int, greatest_value: float) -> int:
    """Return the value of white.

    Parameters
    ----------
    kind : {"u", "i", "f"}
        Unsigned or signed integers, or floating point, as in `numpy.dtype.kind`.
    bits : int
        Bits of a sample.
    greatest_value : float
        The greatest value of the image; of 16 bits, any for which `is_bright` holds suffices.
        Ignored for fewer bits.

    Returns
    -------
    int
        For integers, the greatest value of the bit depth, which is 16 if no 32-bit value exceeds
        it. For floating point, 1, or 255 if a value exceeds 1.

    Warns
    -----
    PhotographWarning
        If no 16-bit integer exceeds 12 bits. 12-bit cameras and scanners write such files, but
        they cannot be distinguished from dark photographs, and viewers show both dark.
    """
    if kind == "f":
        return 255 if greatest_value > 1 else 1
    if (kind, bits) == ("u", 16) and 0 < greatest_value <= _TWELVE_BITS:
        warnings.warn(
            f"almost black: no 16-bit value exceeds {_TWELVE_BITS:,}",
            PhotographWarning,
            stacklevel=2,
        )
    if bits > 16 and greatest_value < 2**16:
        return 2**16 - 1
    return 2 ** (bits - (kind == "i")) - 1


def to_eight_bits(values: np.ndarray, white: int) -> np.ndarray:
    """Scale samples from [0, white] to [0, 255].

    Parameters
    ----------
    values : array of integers, bool or floating point
        Any shape. Clipped to [0, white]; NaN becomes 0.
    white : int
        Returned by `white`. For integers, one less than a power of 2.

    Returns
    -------
    uint8 array
        Of the same shape. More than 8 bits are truncated, as in most viewers; fewer are scaled.
    """
    if values.dtype.kind == "f":
        floats = values.astype(np.promote_types(values.dtype, np.float32), copy=False)
        return np.rint(np.nan_to_num(floats.clip(0, white)) * (255 / white)).astype(np.uint8)
    clipped = values.clip(0, white)
    if white < 255:
        return (clipped.astype(np.uint16) * 255 // white).astype(np.uint8)
    return (clipped >> (white.bit_length() - 8)).astype(np.uint8)


def to_sixteen_bits(values: np.ndarray, white: int) -> np.ndarray:
    """Scale samples from [0, white] to [0, 65535].

    Parameters
    ----------
    values, white
        As for `to_eight_bits`.

    Returns
    -------
    uint16 array
        Of the same shape, rounded.
    """
    if values.dtype == np.uint16 and white == _SIXTEEN_BITS:
        return values
    floats = np.nan_to_num(values.astype(np.float64)).clip(0, white)
    return np.rint(floats * (_SIXTEEN_BITS / white)).astype(np.uint16)
