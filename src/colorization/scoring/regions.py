"""Finds small regions of a photograph: details and objects, not sky, sea or meadow.

Photographs are segmented in gray, as the networks see them. Regions of the true colors would be
small where the color differs from what surrounds it, and so where any smooth prediction is wrong.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image
from skimage.segmentation import felzenszwalb

from colorization.color import lab
from colorization.core.settings import Download
from colorization.photos import model_input
from colorization.sources import scenes

SMALL = 0.01  # share of the image's pixels; a region that covers less is small

SEGMENTED = 128  # px; larger images are first reduced to at most this, for a quarter of the time
# Felzenszwalb and Huttenlocher's own settings for small photographs.
SCALE, SIGMA, LEAST_PIXELS = 300, 0.8, 20

# Maps an image's name and (H, W, 3) uint8 sRGB to an (H, W) bool mask.
FindSmallRegions = Callable[[str, np.ndarray], np.ndarray]


def small_regions(rgb: np.ndarray) -> np.ndarray:
    """Segment a photograph in gray, and mask the regions that cover less than 1% of it.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        sRGB.

    Returns
    -------
    (H, W) bool array

    References
    ----------
    Felzenszwalb, Huttenlocher: Efficient Graph-Based Image Segmentation. IJCV 59 (2004).
    """
    image = Image.fromarray(lab.lab_to_rgb(lab.luminance(rgb), np.zeros(2)))
    reduced = image.reduce(-(-max(image.size) // SEGMENTED))
    region = felzenszwalb(np.asarray(reduced), SCALE, SIGMA, LEAST_PIXELS)
    small = np.bincount(region.ravel())[region] < SMALL * region.size
    return np.asarray(Image.fromarray(small).resize(image.size, Image.Resampling.NEAREST))


def finder(download: Download) -> FindSmallRegions:
    """How to find small regions: exactly in drawn scenes, otherwise by segmentation."""
    if download.source != "scenes":
        return lambda _, rgb: small_regions(rgb)

    def drawn(name: str, rgb: np.ndarray) -> np.ndarray:
        free = model_input.center_square(scenes.free_regions(download.scenes, name), len(rgb))
        return free > 127

    return drawn
