"""Scales samples of any width to 8 bits, by one rule for every format of file."""

import warnings

import numpy as np

from colorization.core.errors import PhotographWarning

_TWELVE_BITS = 2**12 - 1


def greatest(values: np.ndarray) -> float:
    """Give the greatest finite value of an array, at least 0; `white` needs that of all pieces."""
    if values.dtype.kind != "f":
        return max(0, int(values.max(initial=0)))
    return float(np.max(values, where=np.isfinite(values), initial=0))


def is_bright(value: float) -> bool:
    """Whether a value of 16 bits is more than 12 bits hold."""
    return value > _TWELVE_BITS


def white(kind: str, bits: int, greatest_value: float) -> int:
    """Give the value that stands for white.

    Parameters
    ----------
    kind : {"u", "i", "f"}
        Unsigned or signed integers, or floating point, as in `numpy.dtype.kind`.
    bits : int
        Bits of a sample.
    greatest_value : float
        The greatest value of the image; of 16 bits, any for which `is_bright` holds will do. It
        does not matter for fewer bits.

    Returns
    -------
    int
        For integers the greatest that the bits can hold; integers of 16 bits stored in 32 count as
        16. For floating point 1, or 255 if a value exceeds 1.

    Warns
    -----
    PhotographWarning
        If integers of 16 bits never exceed 12. Cameras and scanners of 12 bits write such files,
        but a dark photograph looks the same, and viewers show both dark.
    """
    if kind == "f":
        return 255 if greatest_value > 1 else 1
    if (kind, bits) == ("u", 16) and 0 < greatest_value <= _TWELVE_BITS:
        warnings.warn(
            f"almost black: no value of its 16 bits exceeds {_TWELVE_BITS:,}",
            PhotographWarning,
            stacklevel=2,
        )
    if bits > 16 and greatest_value < 2**16:
        return 2**16 - 1
    return 2 ** (bits - (kind == "i")) - 1


def to_eight_bits(values: np.ndarray, white: int) -> np.ndarray:
    """Scale samples so that 0 stays black and `white` becomes 255.

    Parameters
    ----------
    values : array of integers, bool or floating point
        Any shape. What is below 0 counts as 0, what is above `white` as white, NaN as 0.
    white : int
        From `white`. For integers, one less than a power of 2.

    Returns
    -------
    uint8 array
        Of the same shape. More than 8 bits lose their lowest bits, as in most viewers; fewer are
        spread over 0 to 255.
    """
    if values.dtype.kind == "f":
        wide = values.astype(np.promote_types(values.dtype, np.float32), copy=False)
        return np.rint(np.nan_to_num(wide.clip(0, white)) * (255 / white)).astype(np.uint8)
    within = values.clip(0, white)
    if white < 255:
        return (within.astype(np.uint16) * 255 // white).astype(np.uint8)
    return (within >> (white.bit_length() - 8)).astype(np.uint8)
