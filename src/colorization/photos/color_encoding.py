"""ICC profiles of color encodings that files name by number.

Only what differs from sRGB in a visible way gets a profile: programs name BT.709's curve for
pixels that have sRGB's, and the primaries of BT.601 are close to those of sRGB.

References
----------
ITU-T H.273, CICP: primaries (table 2) and transfer characteristics (table 3). ITU-R BT.2100:
PQ and HLG. ITU-R BT.2408, section 2.2: 203 cd/m2 is reference white.
"""

import functools
from typing import NamedTuple

import numpy as np

from colorization.color import cie

D65 = (0.3127, 0.3290)  # x, y
BT709, BT2020, P3_DCI, P3 = 1, 9, 11, 12  # primaries
SRGB, PQ, DCI, HLG = 13, 16, 17, 18  # transfer characteristics
GAMMA_22, GAMMA_28, LINEAR = 4, 5, 8

PRIMARIES: dict[int, tuple[float, ...]] = {  # x, y of red, green and blue
    BT709: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060),
    BT2020: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    P3: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
WHITES = {P3_DCI: (0.314, 0.351)}
PRIMARIES[P3_DCI] = PRIMARIES[P3]
GAMMAS = {GAMMA_22: 2.2, GAMMA_28: 2.8, LINEAR: 1.0, DCI: 2.6}

_POINTS = 4096  # of a curve
_REFERENCE_WHITE = 203.0  # cd/m2
_HLG_WHITE = 0.75  # the signal of reference white


class Encoding(NamedTuple):
    """How pixels encode color.

    Attributes
    ----------
    primaries : tuple of 6 floats
        CIE x and y of red, green and blue.
    white : (float, float)
        CIE x and y.
    transfer : int
        Transfer characteristics of CICP; ignored with a gamma.
    gamma : float or None
        The exponent from values to light.
    """

    primaries: tuple[float, ...] = PRIMARIES[BT709]
    white: tuple[float, float] = D65
    transfer: int = SRGB
    gamma: float | None = None


SRGB_ENCODING = Encoding()


def of_numbers(primaries: int, transfer: int) -> Encoding:
    """Return the encoding that CICP's numbers name; what has no profile is as in sRGB."""
    return Encoding(
        PRIMARIES.get(primaries, PRIMARIES[BT709]),
        WHITES.get(primaries, D65),
        transfer if transfer in {PQ, HLG} else SRGB,
        GAMMAS.get(transfer),
    )


@functools.lru_cache(maxsize=16)
def profile(encoding: Encoding, *, gray: bool = False) -> bytes | None:
    """Return the ICC profile of an encoding.

    High dynamic range (PQ and HLG) is reduced to what is not brighter than reference white.

    Parameters
    ----------
    encoding : Encoding
    gray : bool
        Whether the pixels have one channel; primaries are then ignored.

    Returns
    -------
    bytes or None
        None for sRGB.
    """
    import imagecodecs  # noqa: PLC0415 (slow, and rarely needed)

    if gray:
        encoding = encoding._replace(primaries=SRGB_ENCODING.primaries, white=D65)
    if encoding == SRGB_ENCODING:
        return None
    light = _light(np.linspace(0, 1, _POINTS), encoding)
    curve = np.rint(65535 * light.clip(0, 1)).astype(np.uint16)
    white = (*encoding.white, 1.0)
    if gray:
        return bytes(imagecodecs.cms_profile("gray", whitepoint=white, transferfunction=curve))
    return bytes(
        imagecodecs.cms_profile(
            "rgb", whitepoint=white, primaries=encoding.primaries, transferfunction=curve
        )
    )


def _light(values: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Convert values in [0, 1] to light relative to white."""
    if encoding.gamma is not None:
        return values**encoding.gamma
    if encoding.transfer == PQ:
        m1, m2 = 2610 / 16384, 2523 / 4096 * 128
        c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        root = values ** (1 / m2)
        return 10_000 / _REFERENCE_WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    if encoding.transfer == HLG:
        return _hlg(values) / _hlg(np.array(_HLG_WHITE))
    return cie.srgb_to_linear(values)


def _hlg(values: np.ndarray) -> np.ndarray:
    """Convert HLG to light on a display of 1,000 cd/m2, of gray pixels."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return scene**1.2
