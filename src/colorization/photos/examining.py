"""Examine an image of an archive, and choose its split."""

import hashlib
from pathlib import Path

import numpy as np

from colorization.color import lab
from colorization.core.errors import ColorizationError
from colorization.core.parallel import Postponed
from colorization.core.settings import Split
from colorization.core.splits import EXCLUDED, SPLITS
from colorization.photos import decoding, near_duplicates
from colorization.sources import archives

SMALL_SIDE = 64  # px; sufficient to detect gray images and near duplicates

_EMPTY: dict = {
    "split": EXCLUDED,
    "width": 0,
    "height": 0,
    "mode": "",
    "sha256": "",
    "mean_chroma": 0.0,
    "near_duplicate": "",
    "hash": None,
}


def examine(archive: Path, params: Split, name: str, most_pixels: int) -> dict | Postponed:
    """Examine an image, and choose its split.

    Parameters
    ----------
    archive : Path
    params : Split
    name : str
        The image's name in the archive.
    most_pixels : int
        A larger image is postponed.

    Returns
    -------
    dict
        The image's row of `split.split_archive`, without its name, and with its perceptual hash.
    """
    row = dict(_EMPTY)
    try:
        content = archives.read_member(archive, name)
        row["sha256"] = hashlib.sha256(content).hexdigest()
        image = decoding.open_image(content)
        pixels = decoding.pixels_to_decode(image, SMALL_SIDE)
        if pixels > most_pixels:
            return Postponed(pixels)
        row["width"], row["height"] = decoding.upright_size(image)
        row["mode"] = image.mode
        rgb = decoding.to_srgb(image, least_side=SMALL_SIDE)
    except ColorizationError as error:
        return row | {"reason": f"unusable: {error}"}
    row["hash"] = near_duplicates.perceptual_hash(rgb)
    rgb.thumbnail((SMALL_SIDE, SMALL_SIDE))
    _, ab = lab.rgb_to_lab(np.asarray(rgb))
    row["mean_chroma"] = round(float(np.hypot(ab[..., 0], ab[..., 1]).mean() * lab.AB_SCALE), 3)
    shorter, longer = sorted((row["width"], row["height"]))
    if shorter < params.min_side:
        return row | {"reason": f"too small: shorter side under {params.min_side} px"}
    if longer > params.max_aspect * shorter:
        return row | {"reason": f"too long: over {params.max_aspect:g} times the shorter side"}
    if row["mean_chroma"] < params.min_chroma:
        return row | {"reason": f"near gray: mean chroma under {params.min_chroma:g}"}
    return row | {"split": split_of(row["sha256"], params), "reason": ""}


def unusable(error: ColorizationError) -> dict:
    """The row of an image that crashed its decoder."""
    return _EMPTY | {"reason": f"unusable: {error}"}


def split_of(sha256: str, params: Split) -> str:
    """Choose the split of an image from its content and the seed.

    A hash of both, as a number in [0, 1), is compared with the cumulative ratios. Adding images
    thus does not move any other.

    Parameters
    ----------
    sha256 : str
        Of the image file.
    params : Split

    Returns
    -------
    str
        "train", "validation" or "test".
    """
    digest = hashlib.sha256(f"{params.seed}:{sha256}".encode()).digest()
    number = int.from_bytes(digest[:8]) / 2**64
    ends = np.cumsum(params.ratios)
    return SPLITS[min(int(np.searchsorted(ends, number, side="right")), len(SPLITS) - 1)]
