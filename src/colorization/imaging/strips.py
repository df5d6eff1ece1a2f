"""Images a piece at a time, so that what is computed of them never takes much memory."""

from collections.abc import Iterator

PIXELS = 1 << 20

Box = tuple[int, int, int, int]  # left, top, right, bottom


def strips(size: tuple[int, int], pixels: int = PIXELS) -> Iterator[Box]:
    """Divide an image into whole lines, and a line only where it is longer than a piece may be.

    Parameters
    ----------
    size : (int, int)
        Width and height in px.
    pixels : int
        The most in a piece.

    Yields
    ------
    Box
        From the top, and each line from the left.
    """
    width, height = size
    across = min(width, pixels)
    down = max(1, pixels // across)
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + down, height)
