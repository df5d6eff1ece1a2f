"""Hints: the colors of some places of a photograph, as its owner knows them."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from PIL import ImageColor

from colorization.colorizing.accepted import NO_FILE
from colorization.colorizing.borders import Picture
from colorization.core.errors import ColorizationError

Color = tuple[int, int, int]  # sRGB, 0 to 255

COLUMNS = ["file", "x", "y", "color"]
LARGEST_FILE = 2**24  # bytes; some 500,000 hints
PATCH_SIDE = 3  # px, of the surroundings of a place


@dataclass(frozen=True)
class Hint:
    """The color of a place.

    Attributes
    ----------
    x, y : float
        Distance from the left and the upper edge of the upright photograph, px.
    color : (int, int, int)
        sRGB, 0 to 255. Only its a* and b* are used: L* is the photograph's.
    """

    x: float
    y: float
    color: Color

    def __str__(self) -> str:
        """The hint as in a file of hints, such as "#aa3322 at 120, 85.5"."""
        red, green, blue = self.color
        return f"#{red:02x}{green:02x}{blue:02x} at {self.x:g}, {self.y:g}"


def parse_color(text: str) -> Color:
    """Read a color: "#rrggbb", a CSS name, or another form of CSS that Pillow reads.

    As in CSS, channels are limited to 0 to 255.

    Raises
    ------
    ColorizationError
        If it is none.
    """
    try:
        red, green, blue = (min(max(value, 0), 255) for value in ImageColor.getrgb(text)[:3])
    except (ValueError, AttributeError, TypeError) as error:
        raise ColorizationError(
            f"unknown color {text!r}; use #rrggbb or a CSS name such as firebrick"
        ) from error
    return red, green, blue


def as_hints(given: Iterable[Hint | tuple[float, float, str]]) -> list[Hint]:
    """Convert hints in the form of (x, y, color), with a color as of `parse_color`.

    Raises
    ------
    ColorizationError
        If one is in another form, a coordinate is not a finite number, or a color is unknown.
    """
    return [hint if isinstance(hint, Hint) else _hint(hint) for hint in given]


def _hint(given: Any) -> Hint:
    try:
        x, y, color = given
    except (TypeError, ValueError) as error:
        raise ColorizationError(f"a hint must be (x, y, color); found {given!r}") from error
    if not (_is_finite(x) and _is_finite(y)):
        raise ColorizationError(f"x and y of a hint must be finite numbers; found {given!r}")
    return Hint(float(x), float(y), parse_color(color))


def _is_finite(number: object) -> bool:
    try:
        return isinstance(number, Real) and math.isfinite(number)
    except OverflowError:  # an int may be too large for a float
        return False


def read_hints(path: Path) -> dict[Path, list[Hint]]:
    """Read a CSV file with the columns file, x, y and color, and a row per hint.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        The hints of each photograph, in the order of the file. A relative path in the column
        "file" is relative to the folder of the CSV file; the keys are the joined paths. Spaces
        around a cell do not count.

    Raises
    ------
    ColorizationError
        If the file cannot be read, or a line is wrong.
    """
    hints: dict[Path, list[Hint]] = {}
    try:
        if not path.is_file():  # a pipe or a device might never end
            raise ColorizationError(f"{path}: {NO_FILE if path.exists() else 'no such file'}")
        if path.stat().st_size > LARGEST_FILE:
            raise ColorizationError(f"{path}: more than {LARGEST_FILE >> 20} MiB")
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets write a mark
            rows = csv.reader(file, skipinitialspace=True)
            header = _stripped(next(rows, []))
            if header != COLUMNS:
                raise ColorizationError(
                    f"{path}, line 1: the columns must be {','.join(COLUMNS)}; "
                    f"found {','.join(header)}"
                )
            for row in rows:
                if row:  # not an empty line
                    name, hint = _parse_row(_stripped(row), f"{path}, line {rows.line_num}")
                    hints.setdefault(path.parent / name, []).append(hint)
    except OSError as error:
        raise ColorizationError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ColorizationError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    return hints


def _stripped(row: list[str]) -> list[str]:
    return [cell.strip() for cell in row]


def _parse_row(row: list[str], where: str) -> tuple[str, Hint]:
    if len(row) != len(COLUMNS):
        quotes = '; a color with commas needs quotes, as in "rgb(1, 2, 3)"'
        raise ColorizationError(
            f"{where}: {len(COLUMNS)} fields are needed; found {len(row)}"
            f"{quotes if len(row) > len(COLUMNS) else ''}"
        )
    name, *numbers, color = row
    if not name or "\0" in name:
        raise ColorizationError(f"{where}: file must be a path; found {name!r}")
    coordinates = []
    for column, text in zip("xy", numbers, strict=True):
        try:
            coordinates.append(float(text))
        except ValueError:
            coordinates.append(math.nan)
        if not math.isfinite(coordinates[-1]):
            raise ColorizationError(f"{where}: {column} must be a number; found {text!r}")
    try:
        x, y = coordinates
        return name, Hint(x, y, parse_color(color))
    except ColorizationError as error:
        raise ColorizationError(f"{where}: {error}") from error


def pixel_at(
    x: float,
    y: float,
    size: tuple[int, int],
    shape: tuple[int, ...],
    picture: Picture | None = None,
) -> tuple[int, int]:
    """Return the row and the column of a place in a small image.

    Parameters
    ----------
    x, y : float
        See `Hint`.
    size : (int, int)
        Width and height of the upright photograph, px.
    shape : (int, int, int)
        Of the small image, (H, W, C).
    picture : Picture, optional
        What of the photograph the small image shows. Default: all of it.

    Raises
    ------
    ColorizationError
        If the place is outside the photograph, or on its border.
    """
    width, height = size
    if not (0 <= x < width and 0 <= y < height):
        raise ColorizationError(
            f"the hint at x {x:g}, y {y:g} is outside the photograph, which is {width} x "
            f"{height} px"
        )
    left, top, right, bottom = (0, 0, *size) if picture is None else picture.scaled(size)
    if not (left <= x < right and top <= y < bottom):
        raise ColorizationError(
            f"the hint at x {x:g}, y {y:g} is on the photograph's border, which stays gray"
        )
    row = int((y - top) / (bottom - top) * shape[0])
    column = int((x - left) / (right - left) * shape[1])
    return row, column


def patch_at(
    x: float,
    y: float,
    size: tuple[int, int],
    shape: tuple[int, ...],
    picture: Picture | None = None,
) -> tuple[slice, slice]:
    """Return the rows and columns of `PATCH_SIDE` around a place; arguments as of `pixel_at`."""
    row, column = pixel_at(x, y, size, shape, picture)
    before, after = PATCH_SIDE // 2, PATCH_SIDE // 2 + 1
    return (
        slice(max(0, row - before), row + after),
        slice(max(0, column - before), column + after),
    )
