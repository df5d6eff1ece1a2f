"""Pictures for people: sheets of samples, and curves."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw, ImageFont
from skimage.util import montage

from colorization.files import whole_file

SMALLEST_TILE = 128  # px; smaller images are enlarged by whole pixels
GAP = 4  # px between samples
SAMPLES_ACROSS = 2
TITLE_HEIGHT, TITLE_SIZE = 24, 13  # px
BORDER = ((0, 2), (0, 2), (0, 0))  # px, white, below and right of a compared sample
CURVES = {"train_mse": "training", "val_mse": "validation"}
MARKERS = "osv^DPX*"


def triptychs(samples: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Put grey, ours and truth side by side, for each sample.

    Parameters
    ----------
    samples : dict of str to (S, H, W, 3) uint8 array
        With the keys grey, colorized and truth.

    Returns
    -------
    list of (H', 3 W', 3) uint8 arrays
        Enlarged by a whole factor where the images are small.
    """
    columns = (samples["grey"], samples["colorized"], samples["truth"])
    return [_enlarged(np.concatenate(row, axis=1)) for row in zip(*columns, strict=True)]


def _enlarged(image: np.ndarray) -> np.ndarray:
    factor = max(1, SMALLEST_TILE // image.shape[0])
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def sheet(samples: list[np.ndarray], out: Path) -> None:
    """Write samples of equal shape as one PNG, two across, on white.

    Parameters
    ----------
    samples : list of (H, W, 3) uint8 arrays
    out : Path
    """
    across = min(SAMPLES_ACROSS, len(samples))
    down = -(-len(samples) // across)
    picture = montage(
        np.stack(samples),
        grid_shape=(down, across),
        padding_width=GAP,
        fill=(255, 255, 255),
        channel_axis=-1,
    )
    with whole_file(out) as partial:
        Image.fromarray(picture.astype(np.uint8)).save(partial, "PNG", optimize=True)


def curves(history: pd.DataFrame, floors: dict[str, float], out: Path) -> None:
    """Plot training and validation MSE over the epochs, beside the floors.

    Parameters
    ----------
    history : DataFrame
        With the columns epoch, train_mse and val_mse.
    floors : dict of str to float
        Test MSE by the floor's name, drawn as dashed lines.
    out : Path
        A PNG.
    """
    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for marker, (column, label) in zip(MARKERS, CURVES.items(), strict=False):
        axes.plot(history["epoch"], history[column], f"{marker}-", label=label)
    _finish(axes, floors, "")
    axes.legend()
    with whole_file(out) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def compared_samples(columns: dict[str, np.ndarray], out: Path) -> None:
    """Write the same images in several colorizations: a row per image, a named column for each.

    Parameters
    ----------
    columns : dict of str to (S, H, W, 3) uint8 array
        By the column's title.
    out : Path
        A PNG.
    """
    stacked = [
        np.concatenate([np.pad(_enlarged(image), BORDER, constant_values=255) for image in images])
        for images in columns.values()
    ]
    pixels = Image.fromarray(np.concatenate(stacked, axis=1))
    sheet = Image.new("RGB", (pixels.width, pixels.height + TITLE_HEIGHT), "white")
    sheet.paste(pixels, (0, TITLE_HEIGHT))
    drawing = ImageDraw.Draw(sheet)
    width = pixels.width / len(columns)
    for index, title in enumerate(columns):
        middle = ((index + 0.5) * width, TITLE_HEIGHT / 2)
        drawing.text(middle, title, "black", ImageFont.load_default(TITLE_SIZE), anchor="mm")
    with whole_file(out) as partial:
        sheet.save(partial, "PNG", optimize=True)


def compared_curves(
    histories: dict[str, pd.DataFrame], floors: dict[str, float], out: Path
) -> None:
    """Plot the MSE of several trainings over each other: training left, validation right.

    Parameters
    ----------
    histories : dict of str to DataFrame
        By the training's name, as `curves` takes them.
    floors : dict of str to float
        As in `curves`.
    out : Path
        A PNG.
    """
    figure = Figure(figsize=(11, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (column, title) in zip(
        figure.subplots(1, 2, sharey=True), CURVES.items(), strict=True
    ):
        for index, (name, history) in enumerate(histories.items()):
            marker = MARKERS[index % len(MARKERS)]
            axes.plot(history["epoch"], history[column], f"{marker}-", markersize=4, label=name)
        _finish(axes, floors, title)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    with whole_file(out) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def _finish(axes: Axes, floors: dict[str, float], title: str) -> None:
    for (name, mse), colour in zip(floors.items(), ("0.6", "0.35"), strict=True):
        axes.axhline(mse, color=colour, linestyle="--", linewidth=1, label=f"{name} (test)")
    axes.set(xlabel="epoch", ylabel="MSE over ab in [-1, 1]", yscale="log", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3, which="both")
