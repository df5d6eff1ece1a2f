"""Find the picture within the plain border of a scanned print, a slide or a video frame.

A network was trained on photographs without borders: one in its input changes the colors inside it.
A border is searched for in a small copy, and its edges are then located in the photograph itself.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from colorization.colorizing.sixteen_bits import SixteenBitImage
from colorization.photos.strips import Box

SIDE = 512  # px; larger photographs are reduced to fewer first
# Gray levels of 255. Scanned paper varies by less, from dust, noise and uneven light.
PLAIN = 14
PLAIN_SHARE = 0.9  # of a border's line is plain: dates and captions are printed on some
DRIFT = 8  # gray levels from one line to the second next, more than uneven light causes
ALIKE = 24  # gray levels between the borders of different sides
# Gray levels from border to picture, over LOOK lines each; noise is below, dark shadows are above.
STEP = 8
LOOK = 3
# Of an edge, this share has such a step. The rest is as bright as the border by chance. An object
# before a plain background, such as the moon, touches its bounding box in few places.
STRAIGHT = 0.7
NARROWEST = 0.01  # of the photograph's length; narrower borders hardly affect a network
SMALLEST_PICTURE = 0.25  # of the photograph's length; a smaller one is an object, not a print
# Of the wider one; the bars above and below a film, or beside it, are equally wide. Two plain
# surfaces of one photograph, such as sky and water, rarely are.
EQUAL = 0.1
MOST_NESTED = 3  # a scanner's black lid, the print's white paper, a line around the picture

LEFT, TOP, RIGHT, BOTTOM = range(4)
_Sides = tuple[int, int, int, int]


class Picture(NamedTuple):
    """Where the picture is within a photograph that has a border.

    Attributes
    ----------
    box : Box
        px.
    size : (int, int)
        Width and height of the photograph, px.
    """

    box: Box
    size: tuple[int, int]

    def box_in(self, image: Image.Image | SixteenBitImage) -> Box:
        """Locate the picture in the same photograph at another size; mode RGB or RGBA."""
        return self.box if image.size == self.size else _located(image, self)

    def scaled(self, size: tuple[int, int]) -> tuple[float, ...]:
        """The box at another size, px; with less precision than `box_in`, but without pixels."""
        return tuple(
            edge * size[side % 2] / self.size[side % 2] for side, edge in enumerate(self.box)
        )


def find_picture(image: Image.Image) -> Picture | None:
    """Find the picture within a photograph's border.

    The border is plain, of any gray, on three or four sides or, equally wide, on two opposite ones.
    A border with skewed or deckled edges is not found.

    Parameters
    ----------
    image : Image.Image
        Mode RGB, upright.

    Returns
    -------
    Picture or None
        None if there is no border.
    """
    factor = max(1, -(-max(image.size) // SIDE))
    gray = np.asarray(image.reduce(factor).convert("L"), np.float32)
    height, width = gray.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(MOST_NESTED):
        border = _border(gray[top:bottom, left:right])
        if border is None:
            break
        left, top = left + border[LEFT], top + border[TOP]
        right, bottom = right - border[RIGHT], bottom - border[BOTTOM]
    if (right - left, bottom - top) == (width, height):
        return None
    box = _located(image, Picture((left, top, right, bottom), (width, height)))
    return Picture(box, image.size)


def _border(gray: np.ndarray) -> _Sides | None:
    """Widths of the border of a gray image, px; None without one."""
    # For each side, its lines from the outermost inwards.
    sides = gray.T, gray, gray.T[::-1], gray[::-1]
    plain = [_count_plain_lines(lines) for lines in sides]
    levels = [
        float(np.median(lines[: max(1, count)])) for lines, count in zip(sides, plain, strict=True)
    ]
    edges = [side for side in range(4) if _ends_straight(sides[side], plain, side)]
    if not _is_border(edges, plain) or np.ptp([levels[side] for side in edges]) > ALIKE:
        return None
    # Of a side without a visible edge, such as a white border above a white sky, as much is left
    # out as of the others: only plain lines.
    narrowest = min(plain[side] for side in edges)
    level = levels[edges[0]]
    left, top, right, bottom = (
        plain[side]
        if side in edges
        else min(plain[side], narrowest) * (abs(levels[side] - level) <= ALIKE)
        for side in (LEFT, TOP, RIGHT, BOTTOM)
    )
    height, width = gray.shape
    inside = 1 - (left + right) / width, 1 - (top + bottom) / height
    return None if min(inside) < SMALLEST_PICTURE else (left, top, right, bottom)


def _is_border(edges: list[int], plain: list[int]) -> bool:
    """Whether the sides with a straight edge are those of a border."""
    if len(edges) == 2:
        opposite = edges in ([LEFT, RIGHT], [TOP, BOTTOM])
        return _equal(plain) or (opposite and _equal([plain[side] for side in edges]))
    return len(edges) > 2


def _equal(widths: list[int]) -> bool:
    return max(widths) - min(widths) <= max(1, EQUAL * max(widths))


def _count_plain_lines(lines: np.ndarray) -> int:
    """Count the plain lines at the beginning, up to the middle; (N, length) float32."""
    levels: list[float] = []
    for line in lines[: len(lines) // 2]:
        level = float(np.median(line))
        if (np.abs(line - level) <= PLAIN).mean() < PLAIN_SHARE:
            break
        if levels and (
            abs(level - levels[max(0, len(levels) - 2)]) > DRIFT or abs(level - levels[0]) > ALIKE
        ):
            break
        levels.append(level)
    return len(levels)


def _ends_straight(lines: np.ndarray, plain: list[int], side: int) -> bool:
    """Whether a side's plain lines end in a step along the picture's length."""
    count = plain[side]
    before, after = (TOP, BOTTOM) if side in (LEFT, RIGHT) else (LEFT, RIGHT)
    length = slice(plain[before], lines.shape[1] - plain[after])
    # The line between is of both.
    outside = lines[max(0, count - LOOK) : count, length]
    inside = lines[count + 1 : count + 1 + LOOK, length]
    if count < max(2, NARROWEST * len(lines)) or not outside.size or not inside.size:
        return False
    steps = np.abs(inside.mean(axis=0) - outside.mean(axis=0))
    return bool((steps > STEP).mean() >= STRAIGHT)


def _located(image: Image.Image | SixteenBitImage, picture: Picture) -> Box:
    """Locate each edge of a picture, up to two px away at the size at which it was found."""
    scales = image.size[0] / picture.size[0], image.size[1] / picture.size[1]
    coarse = picture.scaled(image.size)
    box = [round(edge) for edge in coarse]
    for side, edge in enumerate(coarse):
        axis = side % 2
        if picture.box[side] in (0, picture.size[axis]):  # no border here
            continue
        around = [round(at) for at in coarse]
        for end, sign in ((axis, -1), (axis + 2, 1)):
            around[end] = round(edge + sign * 2 * scales[axis])
            around[end] = min(max(around[end], 0), image.size[axis])
        lines = _gray(image, (around[LEFT], around[TOP], around[RIGHT], around[BOTTOM]))
        lines = lines.T if axis == 0 else lines
        outside_first = lines if side in (LEFT, TOP) else lines[::-1]
        distance = np.abs(outside_first - np.median(outside_first[0])).mean(axis=1)
        step = int(np.argmax(np.diff(distance))) + 1
        box[side] = around[axis] + step if side in (LEFT, TOP) else around[axis + 2] - step
    return box[LEFT], box[TOP], box[RIGHT], box[BOTTOM]


def _gray(image: Image.Image | SixteenBitImage, box: Box) -> np.ndarray:
    """Gray levels within a box, 0 to 255; (H, W) float32."""
    if isinstance(image, SixteenBitImage):
        return image.srgb(box)[..., :3].mean(axis=-1, dtype=np.float32) / 257
    return np.asarray(image.crop(box).convert("L"), np.float32)
