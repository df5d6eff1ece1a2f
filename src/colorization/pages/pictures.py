"""Pictures for the pages: sheets of sample images, and curves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw, ImageFont
from skimage.util import montage

from colorization.core.files import atomic_write
from colorization.pages.rendering import BASELINE_NAMES
from colorization.scoring.summary import CONSTANT, ERROR_REMOVED, GRAY

TILE = 128  # px; smaller images are enlarged by a whole factor, larger ones reduced to it
GAP = 4  # px between samples
SAMPLES_ACROSS = 2
TITLE_HEIGHT, TITLE_SIZE = 24, 13  # px, of a line
FIGURE_TITLE_SIZE, LONGEST_FIGURE_TITLE = 17, 11  # px; characters in a line
LONGEST_TITLE = 16  # characters in a line
BORDER = ((0, 2), (0, 2), (0, 0))  # px of white, below and right of a compared sample
CURVES = {"train_mse": "training", "val_mse": "validation"}
NORMAL_95 = 1.96  # standard errors on either side of a mean, for 95% confidence
MARKERS = "osv^DPX*"
BASELINE_COLORS = {GRAY: "0.6", CONSTANT: "0.35"}


@dataclass(frozen=True)
class Block:
    """A block of a figure: a row per colorization, a column per photograph.

    Attributes
    ----------
    title : str
        May be empty.
    rows : dict of str to (S, H, W, 3) uint8 array
        sRGB, by the title of the row.
    """

    title: str
    rows: Mapping[str, np.ndarray]


def triptychs(samples: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Concatenate gray, colorized and true image side by side, for each sample.

    Parameters
    ----------
    samples : dict of str to (S, H, W, 3) uint8 array
        With the keys gray, colorized and truth.

    Returns
    -------
    list of (H', 3 W', 3) uint8 arrays
    """
    columns = (samples["gray"], samples["colorized"], samples["truth"])
    return [
        np.concatenate([_tile(image) for image in row], axis=1)
        for row in zip(*columns, strict=True)
    ]


def _tile(image: np.ndarray) -> np.ndarray:
    if image.shape[0] > TILE:
        return np.asarray(Image.fromarray(image).resize((TILE, TILE), Image.Resampling.LANCZOS))
    factor = TILE // image.shape[0]
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def sheet(samples: list[np.ndarray], out: Path) -> None:
    """Write samples of equal shape as one PNG, two across, on white.

    Parameters
    ----------
    samples : list of (H, W, 3) uint8 arrays
        If empty, the sheet is blank: a single test image is the best, so there is no worst.
    out : Path
    """
    samples = samples or [np.full((TILE, 3 * TILE, 3), 255, np.uint8)]
    across = min(SAMPLES_ACROSS, len(samples))
    down = -(-len(samples) // across)
    picture = montage(
        np.stack(samples),
        grid_shape=(down, across),
        padding_width=GAP,
        fill=(255, 255, 255),
        channel_axis=-1,
    )
    with atomic_write(out) as partial:
        Image.fromarray(picture.astype(np.uint8)).save(partial, "PNG", optimize=True)


def curves(history: pd.DataFrame, trivial: dict[str, float], out: Path) -> None:
    """Plot training and validation MSE over the epochs, with the trivial baselines.

    Parameters
    ----------
    history : DataFrame
        With the columns epoch, train_mse and val_mse.
    trivial : dict of str to float
        Validation MSE of each baseline, drawn as dashed lines.
    out : Path
        A PNG.
    """
    figure = new_figure(7, 4)
    axes = figure.subplots()
    draw_history(axes, history)
    finish_curves(axes, trivial, "")
    axes.legend()
    save_figure(figure, out)


def chroma(histogram: pd.DataFrame, out: Path) -> None:
    """Plot the distribution of chroma over the pixels, on a logarithmic scale, and the means.

    Parameters
    ----------
    histogram : DataFrame
        As `Scored.chroma`.
    out : Path
        A PNG.
    """
    figure = new_figure(7, 3.4)
    axes = figure.subplots()
    width = histogram["chroma"].diff().iloc[-1]
    for column, label, color in (("truth", "true", "C1"), ("model", "predicted", "C0")):
        pixels = histogram[column]
        mean = np.average(histogram["chroma"] + width / 2, weights=pixels)
        axes.stairs(
            100 * pixels / pixels.sum(),
            [*histogram["chroma"], histogram["chroma"].iloc[-1] + width],
            label=f"{label}, mean {mean:.1f}",
            color=color,
            fill=column == "truth",
            alpha=0.45 if column == "truth" else 1,
            linewidth=1.8,
        )
    limit = histogram.loc[histogram[["truth", "model"]].any(axis=1), "chroma"].max() + width
    axes.set(xlabel="CIE chroma", ylabel="% of the pixels", yscale="log", xlim=(0, limit))
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, out)


def in_lines(name: str, longest: int) -> str:
    """Break a name after underscores into lines of at most `longest` characters, if possible."""
    lines = [""]
    for part in re.split(r"(?<=_)", name):
        if lines[-1] and len(lines[-1] + part) > longest:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def figure(blocks: Sequence[Block], out: Path) -> None:
    """Write a figure of colorized photographs, block below block.

    Parameters
    ----------
    blocks : sequence of Block
    out : Path
        A PNG, in which each photograph is `TILE` px wide, smoothly resized.
    """
    drawn = [_draw_block(block) for block in blocks]
    size = (max(block.width for block in drawn), sum(block.height for block in drawn))
    sheet = Image.new("RGB", size, "white")
    top = 0
    for block in drawn:
        sheet.paste(block, (0, top))
        top += block.height
    with atomic_write(out) as partial:
        sheet.save(partial, "PNG", optimize=True)


def _draw_block(block: Block) -> Image.Image:
    font = ImageFont.load_default(FIGURE_TITLE_SIZE)
    names = [in_lines(name, LONGEST_FIGURE_TITLE) for name in block.rows]
    probe = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    left = round(max(probe.multiline_textbbox((0, 0), name, font)[2] for name in names)) + 2 * GAP
    head = TITLE_HEIGHT if block.title else GAP
    across = max(len(images) for images in block.rows.values())
    size = (left + across * (TILE + GAP), head + len(names) * (TILE + GAP))
    sheet = Image.new("RGB", size, "white")
    drawing = ImageDraw.Draw(sheet)
    drawing.text((left, head / 2), block.title, "black", font, anchor="lm")
    for y, (name, images) in enumerate(zip(names, block.rows.values(), strict=True)):
        top = head + y * (TILE + GAP)
        middle = (left - GAP, top + TILE / 2)
        drawing.text(middle, name, "black", font, anchor="rm", align="right")
        for x, image in enumerate(images):
            tile = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (left + x * (TILE + GAP), top))
    return sheet


def compared_samples(columns: dict[str, np.ndarray], out: Path) -> None:
    """Write a sheet of several colorizations: a row per image, a column per colorization.

    Parameters
    ----------
    columns : dict of str to (S, H, W, 3) uint8 array
        The images of each column, by its title.
    out : Path
        A PNG.
    """
    stacked = [
        np.concatenate([np.pad(_tile(image), BORDER, constant_values=255) for image in images])
        for images in columns.values()
    ]
    pixels = Image.fromarray(np.concatenate(stacked, axis=1))
    titles = [in_lines(title, LONGEST_TITLE) for title in columns]
    height = TITLE_HEIGHT * max(title.count("\n") + 1 for title in titles)
    sheet = Image.new("RGB", (pixels.width, pixels.height + height), "white")
    sheet.paste(pixels, (0, height))
    drawing = ImageDraw.Draw(sheet)
    width = pixels.width / len(columns)
    font = ImageFont.load_default(TITLE_SIZE)
    for index, title in enumerate(titles):
        middle = ((index + 0.5) * width, height / 2)
        drawing.text(middle, title, "black", font, anchor="mm", align="center")
    with atomic_write(out) as partial:
        sheet.save(partial, "PNG", optimize=True)


def vividness_curves(scores: pd.DataFrame, gray_difference: float | None, out: Path) -> None:
    """Plot the scores of a vividness sweep, with 95% confidence intervals.

    Parameters
    ----------
    scores : DataFrame
        As in `VividnessSweep.scores`.
    gray_difference : float or None
        CIEDE2000 of the gray images; None if undefined.
    out : Path
        A PNG.
    """
    panels = {
        ERROR_REMOVED: ("error removed, %", 0.0, BASELINE_NAMES[CONSTANT]),
        "ciede2000_mean": ("CIEDE2000", gray_difference, BASELINE_NAMES[GRAY]),
        "colorfulness_ratio": ("colorfulness", 1.0, "the photographs"),
    }
    figure = new_figure(11, 3.4)
    for axes, (key, (title, level, label)) in zip(
        figure.subplots(1, len(panels)), panels.items(), strict=True
    ):
        _with_band(axes, scores, key, "model")
        if level is not None:
            axes.axhline(level, color="0.35", linestyle="--", linewidth=1, label=label)
        axes.set(xlabel="vividness", title=title)
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, out)


def _with_band(axes: Axes, scores: pd.DataFrame, key: str, label: str) -> None:
    vividness, mean, se = (scores[name] for name in ("vividness", key, f"{key}_se"))
    (line,) = axes.plot(vividness, mean, "o-", markersize=4, label=label)
    axes.fill_between(
        vividness,
        mean - NORMAL_95 * se,
        mean + NORMAL_95 * se,
        color=line.get_color(),
        alpha=0.2,
    )


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of this width and height, in inches."""
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, out: Path) -> None:
    """Write a PNG without Matplotlib's version, which would change the bytes."""
    with atomic_write(out) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def draw_history(axes: Axes, history: pd.DataFrame) -> None:
    """Draw training and validation MSE over the epochs."""
    for index, (column, label) in enumerate(CURVES.items()):
        style = f"C{index}{MARKERS[index]}-"
        axes.plot(history["epoch"], history[column], style, markersize=4, label=label)


def finish_curves(axes: Axes, trivial: dict[str, float], title: str) -> None:
    """Add the trivial baselines to axes with curves, and their labels."""
    for name, mse in trivial.items():
        label = f"{BASELINE_NAMES[name]} (validation)"
        axes.axhline(mse, color=BASELINE_COLORS[name], linestyle="--", linewidth=1, label=label)
    axes.set(xlabel="epoch", ylabel="MSE over ab in [-1, 1]", yscale="log", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3, which="both")
