"""Divides images into pieces, so that work on one piece at a time never takes much memory."""

from collections.abc import Iterator

PIXELS = 1 << 20

Box = tuple[int, int, int, int]  # left, top, right, bottom


def strips(size: tuple[int, int], pixels: int = PIXELS) -> Iterator[Box]:
    """Divide an image into pieces of whole lines; only a line longer than a piece is divided.

    Parameters
    ----------
    size : (int, int)
        Width and height in px.
    pixels : int
        The largest number of pixels in a piece.

    Yields
    ------
    Box
        From top to bottom, and within a line from left to right.
    """
    width, height = size
    across = min(width, pixels)
    down = max(1, pixels // across)
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + down, height)
