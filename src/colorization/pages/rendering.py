"""Tools for all pages: templates, tables, formatted scores, and HTML made from Markdown."""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np
from markdown_it import MarkdownIt
from markupsafe import Markup
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
LOSSLESS_UP_TO = 96  # px; single pixels matter in such small images
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows."""

    titles: list[str]
    rows: list[list[str]]


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
        A language, such as "yaml", makes a block; without one the text becomes an inline span.

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


def cell_code(text: str) -> str:
    """Mark a text as code in a cell of a Markdown table, where a pipe would end the cell."""
    return code(text).replace("|", "\\|")


def markdown_table(table: Table) -> str:
    """Format a table in Markdown; columns of numbers are aligned to the right."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.titles)
    align = ["---:" if _numeric(column) else "---" for column in columns]
    return "".join(f"| {' | '.join(row)} |\n" for row in (table.titles, align, *table.rows))


def _numeric(column: Sequence[str]) -> bool:
    """Whether cells are numbers, apart from empty ones and single words such as "undefined"."""
    numbers = [cell for cell in column if re.match(r"[+-]?\d", cell)]
    return bool(numbers) and all(cell in numbers or re.fullmatch(r"\w*", cell) for cell in column)


_TEMPLATES.filters["code"] = code
_TEMPLATES.filters["cell_code"] = cell_code
_TEMPLATES.filters["table"] = markdown_table


def render(template: str, **context: Any) -> str:
    """Fill a template, which can list the metrics; values in HTML are escaped."""
    return _TEMPLATES.get_template(template).render(metrics=metrics.columns(), **context)


def html_page(title: str, markdown: str, figures: Mapping[str, str]) -> str:
    """Convert a Markdown page to a single HTML file that needs no other.

    Parameters
    ----------
    title : str
    markdown : str
        HTML in it is escaped.
    figures : dict of str to str
        What to show for each picture, by its file name: a data URL, or HTML as `Markup`.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for index, token in enumerate(tokens):
        for image in (child for child in token.children or [] if child.type == "image"):
            figure = figures[str(image.attrs["src"])]
            if isinstance(figure, Markup):
                image.type, image.content = "html_inline", figure
                tokens[index - 1].hidden = tokens[index + 1].hidden = True  # the paragraph's tags
            else:
                image.attrs["src"] = figure
    body = Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 (escaped above)
    return render("page.html.j2", title=title, body=body)


def with_error(score: Score, metric: Metric) -> str:
    """Format a metric and its standard error, such as "24.20 ± 0.29 (1 exact)"."""
    if score.value is None:
        return metric.undefined
    text = f"{score.value:z.{metric.digits}f}"  # z: no negative zero
    if score.se is not None:
        text += f" ± {score.se:.{metric.digits}f}"
    if score.excluded:
        text += f" ({score.excluded} {metric.undefined})"
    return text


def titles() -> list[str]:
    """The column titles of a results table."""
    return ["", *(metric.heading for metric in metrics.columns())]


def scores_row(name: str, scores: Scores) -> list[str]:
    """A row of a results table, with the columns of `titles`."""
    return [name, *(with_error(scores[metric.summary_key], metric) for metric in metrics.columns())]


def without_undefined(table: Table) -> Table:
    """Leave out the columns that are undefined in every row: of metrics newer than the results."""
    kept = [
        index
        for index in range(len(table.titles))
        if not table.rows or {row[index] for row in table.rows} != {"undefined"}
    ]
    titles, *rows = ([row[index] for index in kept] for row in (table.titles, *table.rows))
    return Table(titles, rows)


def picture_url(png: bytes) -> str:
    """Encode a PNG file as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def photograph_url(rgb: np.ndarray) -> str:
    """Encode an image as a data URL, no larger than `LARGEST_TILE`; as a JPEG unless it is tiny.

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
    """Encode a PNG file of photographs as the data URL of a JPEG, which is much smaller."""
    return _jpeg_url(Image.open(io.BytesIO(png)))


def _jpeg_url(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
