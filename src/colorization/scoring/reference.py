"""A test photograph, and how close a colorization comes to it."""

from dataclasses import dataclass

import numpy as np

from colorization.imaging import lab, similarity
from colorization.scoring import colour_metrics
from colorization.scoring.colours import Colours


@dataclass(frozen=True)
class Photograph:
    """A test photograph in its own colours, ready to be compared with.

    Attributes
    ----------
    rgb : (H, W, 3) uint8 array
        sRGB.
    L : (H, W, 1) float32 array
        CIE L* / 50 - 1.
    ab : (H, W, 2) float32 array
        CIE a*, b* / AB_SCALE.
    gray : (H, W, 3) uint8 array
        L alone, as sRGB.
    rarity : (H, W) float array
        Weight of each pixel's colour; see `Colours.rarity`.
    small : (H, W) bool array
        Where its small parts are.
    """

    rgb: np.ndarray
    L: np.ndarray
    ab: np.ndarray
    gray: np.ndarray
    rarity: np.ndarray
    small: np.ndarray

    @classmethod
    def prepare(cls, rgb: np.ndarray, colours: Colours, small: np.ndarray) -> "Photograph":
        """Compute what a comparison needs, in float32 from the exact pixels."""
        L, ab = lab.rgb_to_lab(rgb)
        gray = lab.lab_to_rgb(L, np.zeros(2))
        return cls(rgb, L, ab, gray, colours.rarity(ab), small)

    def facts(self) -> dict[str, float | None]:
        """What is known of it whatever colorizes it."""
        chroma = chroma_of(self.ab)
        return {
            "colourfulness": colour_metrics.colourfulness(self.rgb),
            "small_parts": float(self.small.mean()),
            "chroma_small_parts": _mean(chroma, self.small),
            "chroma_large_parts": _mean(chroma, ~self.small),
        }

    def score(self, ab: np.ndarray) -> dict[str, float | None]:
        """All metrics of one colorization.

        Parameters
        ----------
        ab : (H, W, 2) float array
            In [-1, 1]; shown with this photograph's L.

        Returns
        -------
        dict of str to float or None
            By the metric's name. None is what is not defined: the PSNR of equal images, and the
            mean over parts that the photograph does not have.
        """
        rgb = lab.lab_to_rgb(self.L, ab)
        L, shown_ab = lab.rgb_to_lab(rgb)
        error, chroma = chroma_of(self.ab - ab), chroma_of(ab)
        return {
            "psnr_rgb_db": _finite(similarity.psnr_rgb_db(self.rgb, rgb)),
            "ssim_rgb": _ssim(self.rgb, rgb),
            "ciede2000_mean": colour_metrics.ciede2000_mean(
                lab.to_cie(self.L, self.ab), lab.to_cie(L, shown_ab)
            ),
            "auc_ab_percent": colour_metrics.auc_ab_percent(error),
            "auc_ab_rebalanced_percent": colour_metrics.auc_ab_percent(error, self.rarity),
            "mse_ab": similarity.mse_ab(self.ab, ab),
            "psnr_vs_gray_db": _finite(similarity.psnr_rgb_db(self.gray, rgb)),
            "ssim_vs_gray": _ssim(self.gray, rgb),
            "ab_error_small_parts": _mean(error, self.small),
            "ab_error_large_parts": _mean(error, ~self.small),
            "colourfulness": colour_metrics.colourfulness(rgb),
            "chroma_small_parts": _mean(chroma, self.small),
            "chroma_large_parts": _mean(chroma, ~self.small),
        }


def chroma_of(ab: np.ndarray) -> np.ndarray:
    """CIE chroma of each pixel; of a difference, its distance."""
    return np.hypot(ab[..., 0], ab[..., 1]) * lab.AB_SCALE


def _ssim(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM in single precision, which costs 1e-6 and saves a third of the time."""
    if np.array_equal(one, other):
        return 1.0
    return similarity.ssim_rgb(one.astype(np.float32), other.astype(np.float32))


def _mean(values: np.ndarray, where: np.ndarray) -> float | None:
    return float(values[where].mean(dtype=np.float64)) if where.any() else None


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
