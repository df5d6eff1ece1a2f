"""Find a photograph's small parts: details and specific objects, not sky, sea or meadow."""

from collections.abc import Callable

import numpy as np
from PIL import Image
from skimage.segmentation import felzenszwalb

from colorization.core.settings import Download
from colorization.photos import model_input
from colorization.sources import scenes

SMALL = 0.01  # of the image's pixels: a part that covers less is small

SEGMENTED = 128  # px; larger images are first reduced to at most this, which saves 3/4 of the time
# Felzenszwalb and Huttenlocher's own settings for small photographs.
SCALE, SIGMA, LEAST_PIXELS = 300, 0.8, 20

# Takes an image's name and its (H, W, 3) uint8 sRGB; gives an (H, W) bool array.
FindSmallRegions = Callable[[str, np.ndarray], np.ndarray]


def small_regions(rgb: np.ndarray) -> np.ndarray:
    """Find the pixels of regions that cover under a hundredth of a photograph.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        sRGB, the photograph in its own colors.

    Returns
    -------
    (H, W) bool array

    References
    ----------
    Felzenszwalb, Huttenlocher: Efficient Graph-Based Image Segmentation. IJCV 59 (2004).
    """
    image = Image.fromarray(rgb)
    reduced = image.reduce(-(-max(image.size) // SEGMENTED))
    region = felzenszwalb(np.asarray(reduced), SCALE, SIGMA, LEAST_PIXELS)
    small = np.bincount(region.ravel())[region] < SMALL * region.size
    return np.asarray(Image.fromarray(small).resize(image.size, Image.Resampling.NEAREST))


def finder(download: Download) -> FindSmallRegions:
    """Choose how small parts are found: exactly in drawn scenes, else by segmentation."""
    if download.source != "scenes":
        return lambda _, rgb: small_regions(rgb)

    def drawn(name: str, rgb: np.ndarray) -> np.ndarray:
        free = model_input.center_square(scenes.free_regions(download.scenes, name), len(rgb))
        return free > 127

    return drawn
