"""A photograph and its colorizations, prepared for comparison."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from colorization.color import color_metrics, lab
from colorization.color.lab import chroma_of
from colorization.color.statistics import ColorStatistics


@dataclass(frozen=True)
class Reference:
    """A photograph in its true colors; what is derived from it is computed once, on first use.

    Attributes
    ----------
    rgb : (H, W, 3) uint8 array
        sRGB.
    colors : ColorStatistics or None
        Colors of the training images; needed for `rarity`.
    small : (H, W) bool array or None
        Mask of the small regions; needed by metrics that compare small with large regions.
    """

    rgb: np.ndarray
    colors: ColorStatistics | None = None
    small: np.ndarray | None = None

    @cached_property
    def _L_and_ab(self) -> tuple[np.ndarray, np.ndarray]:  # noqa: N802
        return lab.rgb_to_lab(self.rgb)

    @property
    def L(self) -> np.ndarray:  # noqa: N802
        """CIE L* / 50 - 1, (H, W, 1) float32."""
        return self._L_and_ab[0]

    @property
    def ab(self) -> np.ndarray:
        """CIE a*, b* / AB_SCALE, (H, W, 2) float32."""
        return self._L_and_ab[1]

    @cached_property
    def lab(self) -> np.ndarray:
        """CIE L*, a*, b*, (H, W, 3) float32."""
        return lab.to_cie(self.L, self.ab)

    @cached_property
    def gray(self) -> np.ndarray:
        """L alone as sRGB, (H, W, 3) uint8."""
        return lab.lab_to_rgb(self.L, np.zeros(2))

    @cached_property
    def rarity(self) -> np.ndarray:
        """Weight of each pixel's color, (H, W) float; see `ColorStatistics.rarity`."""
        if self.colors is None:
            raise ValueError("rarity needs the colors of the training images")
        return self.colors.rarity(self.ab)

    def facts(self) -> dict[str, float | None]:
        """Quantities of the photograph alone, by column.

        "mean_a" and "mean_b" are in the network's units, so that the MSE of any constant color c
        follows: MSE(c) = MSE(gray) - c . mean + c . c / 2. All other chroma is in CIE units.
        """
        chroma = chroma_of(self.ab)
        mean_a, mean_b = self.ab.mean(axis=(0, 1), dtype=np.float64)
        return {
            "mean_chroma": float(chroma.mean(dtype=np.float64)),
            "mean_a": float(mean_a),
            "mean_b": float(mean_b),
            "colorfulness": color_metrics.colorfulness(self.rgb),
            "small_regions": None if self.small is None else float(self.small.mean()),
            "chroma_small_regions": self.mean_in_small(chroma),
            "chroma_large_regions": self.mean_in_large(chroma),
        }

    def mean_in_small(self, values: np.ndarray) -> float | None:
        """Mean of (H, W) values over the small regions; None if there are none."""
        return None if self.small is None else _mean_where(values, self.small)

    def mean_in_large(self, values: np.ndarray) -> float | None:
        """Mean of (H, W) values over the large regions; None if there are none."""
        return None if self.small is None else _mean_where(values, ~self.small)

    def share_in_small(self, values: np.ndarray) -> float | None:
        """The part that the small regions add to the mean of (H, W) values."""
        return None if self.small is None else float(values[self.small].sum() / values.size)

    def share_in_large(self, values: np.ndarray) -> float | None:
        """The part that the large regions add to the mean of (H, W) values."""
        return None if self.small is None else float(values[~self.small].sum() / values.size)


@dataclass(frozen=True)
class Colorized:
    """A colorization of a photograph, displayed with the photograph's L.

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
        """The displayed image, (H, W, 3) uint8 sRGB; colors outside sRGB are made paler."""
        return lab.lab_to_rgb(self.reference.L, self.ab)

    @cached_property
    def lab(self) -> np.ndarray:
        """CIE L*, a*, b* of the displayed image, (H, W, 3) float32."""
        return lab.to_cie(*lab.rgb_to_lab(self.rgb))

    @cached_property
    def error(self) -> np.ndarray:
        """Distance of predicted from true ab, (H, W), CIE units."""
        return chroma_of(self.reference.ab - self.ab)

    @cached_property
    def squared_error(self) -> np.ndarray:
        """Mean squared error of a and b, (H, W) float64, in the network's units."""
        difference = self.reference.ab.astype(np.float64) - self.ab
        return (difference**2).mean(axis=-1)

    @cached_property
    def chroma(self) -> np.ndarray:
        """CIE chroma of the predicted ab, (H, W)."""
        return chroma_of(self.ab)


def _mean_where(values: np.ndarray, where: np.ndarray) -> float | None:
    return float(values[where].mean(dtype=np.float64)) if where.any() else None
