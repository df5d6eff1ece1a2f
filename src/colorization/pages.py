"""What the pages share: templates, figures with their errors, pictures inside a page."""

import base64
from typing import Any

import jinja2

from colorization.scores import GRAY, MEAN_AB, MODEL

COLORIZER_LABELS = {
    MODEL: "{variant}",
    GRAY: "floor: gray (ab = 0)",
    MEAN_AB: "floor: mean_ab (the training set's mean)",
}

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
        return "exact"
    mean = f"{figures[metric]:.{digits}f}"
    error = figures[f"{metric}_se"]
    return mean if error is None else f"{mean} ± {error:.{digits}f}"


def scores_row(name: str, figures: dict[str, Any]) -> dict[str, str]:
    """Cells of a results table: name, psnr, ssim, mse, each with its error, and exact."""
    return {
        "name": name,
        "psnr": with_error(figures, "psnr_rgb_db", 2),
        "ssim": with_error(figures, "ssim_rgb", 4),
        "mse": with_error(figures, "mse_ab", 5),
        "exact": str(figures["exact"]),
    }


def data_url(png: bytes) -> str:
    """A PNG as a URL, so that a page needs nothing beside it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
