"""Tools for all pages: templates, tables, figures with their errors, embedded pictures."""

import base64
import io
import re
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np
from PIL import Image

from colorization.core.text import printable
from colorization.scoring import metrics
from colorization.scoring.metrics import Metric
from colorization.scoring.summary import CONSTANT, GRAY, MODEL, Score, Scores

COLORIZER_LABELS = {
    MODEL: "{variant}",
    GRAY: "gray (ab = 0)",
    CONSTANT: "constant color (the training set's mean)",
}

BASELINE_NAMES = {GRAY: "gray", CONSTANT: "the constant color"}  # within a sentence

LARGEST_TILE = 224  # px; a page of photographs then stays under 3 MB
LOSSLESS_UP_TO = 96  # px; readers look at the single pixels of such small images
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text and, if it is a number, the value to sort by."""

    text: str
    value: float | None = None

    @property
    def figure(self) -> str:
        """The first word of the text, a number; all of it where there is no value."""
        return self.text.partition(" ")[0] if self.value is not None else self.text

    @property
    def uncertainty(self) -> str:
        """The text after the figure: an error or an interval."""
        return self.text.partition(" ")[2] if self.value is not None else ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows."""

    titles: list[str]
    rows: list[list[Cell]]


_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("colorization.pages"),
    autoescape=jinja2.select_autoescape(["html.j2"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def code(text: str, fence: str = "") -> str:
    """Mark a text as code in Markdown, so that nothing in it can end the code.

    Parameters
    ----------
    text : str
    fence : str
        A language, such as "yaml", gives a block; without one the text becomes a span in a line.

    References
    ----------
    CommonMark 0.31, sections 4.5 and 6.1: code ends at as many backticks as it began with.
    """
    longest = max(map(len, re.findall("`+", text)), default=0)
    if fence:
        marks = "`" * max(3, longest + 1)
        return f"{marks}{fence}\n{text}\n{marks}"
    marks = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{marks}{pad}{printable(text)}{pad}{marks}"


_TEMPLATES.filters["code"] = code


def render(template: str, **context: Any) -> str:
    """Fill a template, which can list the metrics; values in HTML are escaped."""
    return _TEMPLATES.get_template(template).render(metrics=metrics.columns(), **context)


def with_error(score: Score, metric: Metric, *, sign: str = "") -> str:
    """Format a metric and its standard error, such as "24.20 ± 0.29 (1 exact)".

    `sign` is Python's: "+" writes one before positive numbers too.
    """
    if score.value is None:
        return metric.undefined
    text = f"{score.value:{sign}.{metric.digits}f}"
    if score.error is not None:
        text += f" ± {score.error:.{metric.digits}f}"
    if score.excluded:
        text += f" ({score.excluded} {metric.undefined})"
    return text


def titles() -> list[str]:
    """Give the column titles of a results table."""
    return ["", *(metric.heading for metric in metrics.columns())]


def scores_row(name: str, scores: Scores) -> list[Cell]:
    """Give a row of a results table, with the columns of `titles`."""
    told = [(scores[metric.told_as], metric) for metric in metrics.columns()]
    return [Cell(name)] + [Cell(with_error(*each), each[0].value) for each in told]


def picture_url(png: bytes) -> str:
    """Encode a PNG file as a URL, so that a page needs no other file."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def photograph_url(rgb: np.ndarray) -> str:
    """Encode an image as a URL, no larger than a page shows it; as a JPEG unless it is tiny.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    """
    image = Image.fromarray(rgb)
    if max(image.size) <= LOSSLESS_UP_TO:
        content = io.BytesIO()
        image.save(content, "PNG", optimize=True)
        return picture_url(content.getvalue())
    if max(image.size) > LARGEST_TILE:
        image.thumbnail((LARGEST_TILE, LARGEST_TILE), Image.Resampling.LANCZOS)
    return _jpeg_url(image)


def sheet_url(png: bytes) -> str:
    """Encode a PNG file of photographs as the URL of a JPEG, which is much smaller."""
    return _jpeg_url(Image.open(io.BytesIO(png)))


def _jpeg_url(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
