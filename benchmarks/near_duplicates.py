"""Measure the distances between perceptual hashes, of different images and of resaved ones.

    python benchmarks/near_duplicates.py --archive photos.zip

Look at the nearest pairs: `NEAR_BITS` lies between pairs of the same picture and other pairs.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from arguments import build_parser
from colorization.core.progress import progress
from colorization.photos import decoding, near_duplicates
from colorization.sources import archives

PAIRS = 8  # printed
SAVED_AGAIN = 300  # images


def main(archive: Path) -> None:
    names = archives.image_names(archive)
    pictures = (
        decoding.to_srgb(decoding.open_image(archives.read_member(archive, name)))
        for name in progress(names, "hashing images", len(names))
    )
    changed: dict[str, list[int]] = {}
    hashes = []
    for index, picture in enumerate(pictures):
        perceptual = near_duplicates.perceptual_hash(picture)
        hashes.append(np.zeros(256, bool) if perceptual is None else perceptual)
        if index < SAVED_AGAIN and perceptual is not None:
            for how, again in saved_again(picture).items():
                other = near_duplicates.perceptual_hash(again)
                bits = 256 if other is None else int((other != perceptual).sum())
                changed.setdefault(how, []).append(bits)
    for how, counts in changed.items():
        median, most, largest = np.percentile(counts, [50, 99, 100])
        print(
            f"{how}: {median:.0f} bits differ in the median, 99%: {most:.0f}, most: {largest:.0f}"
        )
    for bits, one, another in nearest_pairs(np.array(hashes)):
        print(f"{bits} bits: {names[one]} and {names[another]}")


def saved_again(picture: Image.Image) -> dict[str, Image.Image]:
    half = (picture.width // 2, picture.height // 2)
    return {
        "JPEG quality 30": as_jpeg(picture, 30),
        "half the size, JPEG quality 80": as_jpeg(picture.resize(half), 80),
        "gray": picture.convert("L"),
    }


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return Image.open(content)


def nearest_pairs(hashes: np.ndarray) -> list[tuple[int, int, int]]:
    """Return the number of different bits and both indices of the nearest pairs."""
    nearest: list[tuple[int, int, int]] = []
    for one in range(len(hashes) - 1):
        bits = (hashes[one + 1 :] != hashes[one]).sum(axis=1)
        other = int(bits.argmin())
        nearest.append((int(bits[other]), one, one + 1 + other))
    return sorted(nearest)[:PAIRS]


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archive", type=Path, required=True)
    main(**vars(parser.parse_args()))
