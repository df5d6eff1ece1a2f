"""A test photograph and a colorization of it, prepared for comparison."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from colorization.color import color_metrics, lab
from colorization.color.statistics import ColorStatistics


@dataclass(frozen=True)
class Reference:
    """A test photograph in its own colors.

    Attributes
    ----------
    rgb : (H, W, 3) uint8 array
        sRGB.
    L : (H, W, 1) float32 array
        CIE L* / 50 - 1.
    ab : (H, W, 2) float32 array
        CIE a*, b* / AB_SCALE.
    lab : (H, W, 3) float32 array
        CIE L*, a*, b*.
    gray : (H, W, 3) uint8 array
        L alone, as sRGB.
    rarity : (H, W) float array
        Weight of each pixel's color; see `ColorStatistics.rarity`.
    small : (H, W) bool array
        True on the photograph's small parts.
    """

    rgb: np.ndarray
    L: np.ndarray
    ab: np.ndarray
    lab: np.ndarray
    gray: np.ndarray
    rarity: np.ndarray
    small: np.ndarray

    @classmethod
    def prepare(cls, rgb: np.ndarray, colors: ColorStatistics, small: np.ndarray) -> "Reference":
        """Compute what a comparison needs, in float32 from the exact pixels."""
        L, ab = lab.rgb_to_lab(rgb)
        gray = lab.lab_to_rgb(L, np.zeros(2))
        return cls(rgb, L, ab, lab.to_cie(L, ab), gray, colors.rarity(ab), small)

    def facts(self) -> dict[str, float | None]:
        """The figures that depend on the photograph alone."""
        chroma = chroma_of(self.ab)
        return {
            "colorfulness": color_metrics.colorfulness(self.rgb),
            "small_regions": float(self.small.mean()),
            "chroma_small_regions": mean_where(chroma, self.small),
            "chroma_large_regions": mean_where(chroma, ~self.small),
        }


@dataclass(frozen=True)
class Colorized:
    """One colorization of a test photograph, shown with the photograph's L.

    Attributes
    ----------
    reference : Reference
    ab : (H, W, 2) float array
        CIE a*, b* / AB_SCALE, as predicted.
    """

    reference: Reference
    ab: np.ndarray

    @cached_property
    def rgb(self) -> np.ndarray:
        """The image shown, (H, W, 3) uint8 sRGB; as by `colorize`, paler where sRGB ends."""
        return lab.lab_to_rgb(self.reference.L, self.ab)

    @cached_property
    def lab(self) -> np.ndarray:
        """CIE L*, a*, b* of the image shown, (H, W, 3) float32."""
        return lab.to_cie(*lab.rgb_to_lab(self.rgb))

    @cached_property
    def error(self) -> np.ndarray:
        """Distance of each pixel's predicted ab from the photograph's, (H, W), CIE."""
        return chroma_of(self.reference.ab - self.ab)

    @cached_property
    def chroma(self) -> np.ndarray:
        """CIE chroma of each pixel's predicted ab, (H, W)."""
        return chroma_of(self.ab)


def chroma_of(ab: np.ndarray) -> np.ndarray:
    """CIE chroma of each pixel; for a difference of two ab, their distance."""
    return np.hypot(ab[..., 0], ab[..., 1]) * lab.AB_SCALE


def mean_where(values: np.ndarray, where: np.ndarray) -> float | None:
    """Mean over some pixels; None where there are none."""
    return float(values[where].mean(dtype=np.float64)) if where.any() else None
