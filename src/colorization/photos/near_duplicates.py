"""Find near duplicates: copied, re-encoded, resized or grayscale versions of a picture."""

import imagehash
import numpy as np
from PIL import Image, ImageStat

HASH_SIDE = 16  # the hash has 16 x 16 = 256 bits
# Measured on 8,000 photographs from Flickr (benchmarks/near_duplicates.py): the three pairs of the
# same picture differ in 0, 4 and 22 bits; the most similar pairs of different pictures in 56 (two
# full moons), 66 and 76. Of 300 photographs, versions of JPEG quality 30 or of half the size differ
# in at most 28. Drawn landscapes differ in at least 56.
NEAR_BITS = 40

BLANK_DEVIATION = 1.0  # of 255; a picture with a smaller deviation of luminance is blank

ROWS_AT_A_TIME = 512  # compared with all images at once: 51 MB for 25,000 images


def perceptual_hash(image: Image.Image) -> np.ndarray | None:
    """Hash a picture by the signs of its lowest frequencies, which re-encoding preserves.

    Parameters
    ----------
    image : Image.Image

    Returns
    -------
    (256,) bool array or None
        ImageHash's phash of the luminance at 64 x 64 px: whether each of the lowest 16 x 16
        coefficients of its discrete cosine transform exceeds their median. None for a blank
        picture, whose hash would be noise.
    """
    gray = image.convert("L")
    if ImageStat.Stat(gray).stddev[0] < BLANK_DEVIATION:
        return None
    # Like imagehash's own resizing, but in two steps for very long pictures, for which the
    # filter's weights would take gigabytes.
    side = 4 * HASH_SIDE
    small = gray.resize((side, side), Image.Resampling.LANCZOS, reducing_gap=1024)
    return imagehash.phash(small, HASH_SIDE).hash.ravel()


def near_duplicates(hashes: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Find the most similar other picture for each picture.

    Parameters
    ----------
    hashes : (N, 256) bool array
        Returned by `perceptual_hash`.
    among : (M,) int array
        Indices of the pictures to search.

    Returns
    -------
    (N,) int array
        Index, one of `among`, of the other picture that differs in the fewest bits; -1 where none
        differs in `NEAR_BITS` or fewer.
    """
    nearest = np.full(len(hashes), -1)
    if not len(among):
        return nearest
    signs = 2 * hashes.astype(np.float32) - 1
    bits = hashes.shape[1]
    for start in range(0, len(hashes), ROWS_AT_A_TIME):
        rows = np.arange(start, min(start + ROWS_AT_A_TIME, len(hashes)))
        # With d differing bits, the products of the signs sum to bits - 2 * d, exact in float32.
        agreement = signs[rows] @ signs[among].T
        agreement[rows[:, None] == among] = -np.inf
        most = agreement.argmax(axis=1)
        near = agreement[np.arange(len(rows)), most] >= bits - 2 * NEAR_BITS
        nearest[rows[near]] = among[most[near]]
    return nearest
