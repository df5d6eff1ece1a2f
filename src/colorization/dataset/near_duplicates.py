"""The same picture again: copied, re-encoded, resized or turned grey."""

import imagehash
import numpy as np
from PIL import Image, ImageStat

HASH_SIDE = 16  # the hash has 16 x 16 = 256 bits
# Looked at on 8,000 photographs from Flickr (benchmarks/near_duplicates.py): the three pairs of one
# picture differ in 0, 4 and 22 bits, the nearest different pictures in 56 (two full moons), 66 and
# 76. Of 300, saved again as JPEG of quality 30 or at half the size, none differed in more than 28.
# Drawn landscapes: 56 and more.
NEAR_BITS = 40

BLANK_DEVIATION = 1.0  # of 255; a picture whose luminance deviates less shows nothing

ROWS_AT_A_TIME = 512  # compared with all others at once: 51 MB for 25,000 images


def perceptual_hash(image: Image.Image) -> np.ndarray | None:
    """What of a picture survives re-encoding and resizing: signs of its lowest frequencies.

    Parameters
    ----------
    image : Image.Image

    Returns
    -------
    (256,) bool array or None
        ImageHash's phash: of each of the lowest 16 x 16 coefficients of the discrete cosine
        transform of the luminance at 64 x 64 px, whether it exceeds their median. None for a
        blank picture, of which only noise would tell.
    """
    grey = image.convert("L")
    if ImageStat.Stat(grey).stddev[0] < BLANK_DEVIATION:
        return None
    # As imagehash resizes it, but a long line in two steps: its weights would take gigabytes.
    side = 4 * HASH_SIDE
    small = grey.resize((side, side), Image.Resampling.LANCZOS, reducing_gap=1024)
    return imagehash.phash(small, HASH_SIDE).hash.ravel()


def twins(hashes: np.ndarray, among: np.ndarray) -> np.ndarray:
    """For each picture, find the most alike of some others.

    Parameters
    ----------
    hashes : (N, 256) bool array
        As `perceptual_hash` returns them.
    among : (M,) int array
        Which of the N pictures are looked through.

    Returns
    -------
    (N,) int array
        Index, out of `among`, of the picture that differs in the fewest bits, at most `NEAR_BITS`,
        and is not the same one; -1 where there is none.
    """
    found = np.full(len(hashes), -1)
    if not len(among):
        return found
    signs = 2 * hashes.astype(np.float32) - 1
    bits = hashes.shape[1]
    for start in range(0, len(hashes), ROWS_AT_A_TIME):
        rows = np.arange(start, min(start + ROWS_AT_A_TIME, len(hashes)))
        # Of d differing bits, the signs' product sums to bits - 2 * d: exact in float32.
        agreement = signs[rows] @ signs[among].T
        agreement[rows[:, None] == among] = -np.inf
        most = agreement.argmax(axis=1)
        near = agreement[np.arange(len(rows)), most] >= bits - 2 * NEAR_BITS
        found[rows[near]] = among[most[near]]
    return found
