"""What the pages share: templates, tables, figures with their errors, pictures inside a page."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np
from PIL import Image

from colorization.scoring.summary import GRAY, MEAN_AB, MODEL

COLORIZER_LABELS = {
    MODEL: "{variant}",
    GRAY: "floor: gray (ab = 0)",
    MEAN_AB: "floor: mean_ab (the training set's mean)",
}

LARGEST_TILE = 224  # px; a page of photographs then stays under 3 MB
LOSSLESS_UP_TO = 96  # px; below, the pixels themselves are looked at
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Column:
    """A metric in a table: its key, its title, which values are good, and its digits."""

    metric: str
    title: str
    good: str
    digits: int


COLUMNS = (
    Column("psnr_rgb_db", "PSNR, dB", "higher is better", 2),
    Column("ssim_rgb", "SSIM", "higher is better", 4),
    Column("ciede2000_mean", "CIEDE2000", "lower is better", 2),
    Column("colourfulness_ratio", "colourfulness", "1 is the photographs'", 2),
    Column("auc_ab_percent", "AuC, %", "higher is better", 2),
    Column("auc_ab_rebalanced_percent", "AuC, rebalanced, %", "higher is better", 2),
    Column("mse_ab", "MSE of ab", "lower is better", 5),
    Column("psnr_vs_gray_db", "PSNR against grey, dB", "the paper's; higher is greyer", 2),
    Column("ssim_vs_gray", "SSIM against grey", "the paper's; higher is greyer", 4),
)
TITLES = ["", *(f"{column.title} ({column.good})" for column in COLUMNS)]


@dataclass(frozen=True)
class Cell:
    """What a table says, and the number by which it is sorted, where there is one."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows."""

    titles: list[str]
    rows: list[list[Cell]]


_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("colorization"),
    autoescape=jinja2.select_autoescape(["html.j2"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(template: str, **context: Any) -> str:
    """Fill a template; whatever goes into HTML is escaped."""
    return _TEMPLATES.get_template(template).render(**context)


def with_error(figures: dict[str, Any], metric: str, digits: int) -> str:
    """Format a metric and its standard error, "metric_se", such as "24.20 ± 0.29"."""
    if figures[metric] is None:
        return "exact" if "psnr" in metric else "undefined"
    mean = f"{figures[metric]:.{digits}f}"
    error = figures[f"{metric}_se"]
    mean = mean if error is None else f"{mean} ± {error:.{digits}f}"
    left_out = figures.get(f"{metric}_left_out")
    return f"{mean} ({left_out} exact)" if left_out else mean


def scores_row(name: str, figures: dict[str, Any]) -> list[Cell]:
    """Cells of a results table, for `TITLES`; images without a finite PSNR are counted."""
    return [Cell(name)] + [
        Cell(with_error(figures, column.metric, column.digits), figures[column.metric])
        for column in COLUMNS
    ]


def picture_url(png: bytes) -> str:
    """A PNG file as a URL, so that a page needs nothing beside it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def photograph_url(rgb: np.ndarray) -> str:
    """An image as a URL, no larger than a page shows it, and a JPEG unless it is tiny.

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
    """A PNG file of photographs as the URL of a JPEG, a fraction of its size."""
    return _jpeg_url(Image.open(io.BytesIO(png)))


def _jpeg_url(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
