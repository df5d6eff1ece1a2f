"""Divide images into strips, to process them in bounded memory."""

from collections.abc import Iterator

PIXELS = 1 << 20

Box = tuple[int, int, int, int]  # left, top, right, bottom


def strips(size: tuple[int, int], pixels: int = PIXELS) -> Iterator[Box]:
    """Divide an image into strips of complete rows; only rows longer than a strip are divided.

    Parameters
    ----------
    size : (int, int)
        Width and height in px.
    pixels : int
        Maximum number of pixels of a strip.

    Yields
    ------
    Box
        From top to bottom, and within a row from left to right.
    """
    width, height = size
    across = min(width, pixels)
    down = max(1, pixels // across)
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + down, height)
