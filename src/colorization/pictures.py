"""Pictures for people: sheets of samples, and curves."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image
from skimage.util import montage

from colorization import lab
from colorization.files import whole_file

SMALLEST_TILE = 128  # px; smaller images are enlarged by whole pixels
GAP = 4  # px between samples
SAMPLES_ACROSS = 2


def triptych(L: np.ndarray, rgb: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Put grey, ours and truth side by side.

    Parameters
    ----------
    L : (H, W, 1) float array
    rgb, truth : (H, W, 3) uint8 arrays

    Returns
    -------
    (H', 3 W', 3) uint8 array
        Enlarged by a whole factor where the images are small.
    """
    grey = lab.lab_to_rgb(L, np.zeros(2))
    row = np.concatenate([grey, rgb, truth], axis=1)
    factor = max(1, SMALLEST_TILE // L.shape[0])
    return row.repeat(factor, axis=0).repeat(factor, axis=1)


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
    axes.plot(history["epoch"], history["train_mse"], "o-", label="training")
    axes.plot(history["epoch"], history["val_mse"], "s-", label="validation")
    for (name, mse), colour in zip(floors.items(), ("0.6", "0.35"), strict=True):
        axes.axhline(mse, color=colour, linestyle="--", linewidth=1, label=f"{name} (test)")
    axes.set(xlabel="epoch", ylabel="MSE over ab in [-1, 1]", yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    with whole_file(out) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})
