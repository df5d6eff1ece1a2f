"""Input sizes of a network, and methods to enlarge its predicted colors.

Colorizes uncropped photographs with a packaged model, and compares them with the truth. Prints two
Markdown tables: scores by the size of the shorter side of the model's input, and CIEDE2000 by
method to enlarge ab. The latter is also measured near edges of the true colors, where blur matters.

    python benchmarks/whole_photographs.py --photos photos/ --model models/chosen
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image
from scipy.ndimage import binary_dilation, gaussian_gradient_magnitude, uniform_filter
from skimage import color

import turns
from arguments import build_parser
from colorization.color import lab
from colorization.colorizing import originals
from colorization.colorizing.colorizer import Colorizer, load
from colorization.dataset.examples import evenly_spaced
from colorization.releasing.photographs import score_photographs
from colorization.sources import archives

SIZES = (64, 96, 128, 160, 192, 224)
EDGES = 0.1  # share of pixels, those whose colors change most
NEAR = 3  # px from one of them

Enlarge = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def main(photos: Path, model: Path, count: int, sizes: list[int]) -> None:
    names = archives.folder_image_names(photos)
    paths = [photos / names[index] for index in evenly_spaced(len(names), count)]
    colorizer = load(model)
    print(f"{turns.machine()}\n\n{len(paths)} photographs of {photos.name}\n")
    positions = [None] if colorizer.vividness is None else [0.0, colorizer.vividness, 1.0]
    trained_at = colorizer.image_size
    tables = []
    for size in sizes:
        colorizer.image_size = size
        with turns.quiet():
            table = score_photographs(colorizer, paths, positions)
        table.insert(0, "size, px", size)
        tables.append(table if size == sizes[0] else table[table.vividness != "gray"])
    print(pd.concat(tables).to_markdown(index=False, floatfmt=".2f"), "\n", flush=True)
    colorizer.image_size = trained_at
    print(enlargements(colorizer, paths).to_markdown(index=False, floatfmt=".3f"))


def enlargements(colorizer: Colorizer, paths: list[Path]) -> pd.DataFrame:
    """CIEDE2000 near edges and everywhere, by method, of photographs without a border."""
    prepared = ((path, colorizer.prepare_input(path)) for path in paths)
    whole = [(path, photograph) for path, photograph in prepared if photograph.picture is None]
    paths, inputs = map(list, zip(*whole, strict=True))
    ab = [colorizer.decode(output) for output in colorizer.predict(inputs)]
    small_L = [photograph.L for photograph in inputs]
    measured = np.array(Parallel(n_jobs=-1)(map(delayed(compare), paths, small_L, ab)))
    over_bilinear = measured[..., 0] - measured[:, :1, 0]
    return pd.DataFrame(
        {
            "colors": [
                f"{colors}, {method}" for colors in ("predicted", "true") for method in METHODS
            ],
            "CIEDE2000 near edges": measured[..., 0].mean(axis=0),
            "minus bilinear, predicted": over_bilinear.mean(axis=0),
            "± (standard error)": over_bilinear.std(axis=0, ddof=1) / np.sqrt(len(paths)),
            "CIEDE2000": measured[..., 1].mean(axis=0),
        }
    )


def compare(path: Path, small_L: np.ndarray, predicted: np.ndarray) -> list[tuple[float, float]]:
    """Measure each method, with predicted colors and with reduced true ones."""
    truth = np.asarray(originals.read_original(path).rgb.convert("RGB"))
    L, own = lab.rgb_to_lab(truth)
    truth_lab = lab.to_cie(L, own)
    change = np.hypot(*(gaussian_gradient_magnitude(own[..., axis], 1.0) for axis in (0, 1)))
    near = binary_dilation(change >= np.quantile(change, 1 - EDGES), iterations=NEAR)
    reduced = resized(own, small_L.shape, Image.Resampling.BOX)
    scores = []
    for ab in (predicted, reduced):
        for enlarge in METHODS.values():
            rgb = lab.lab_to_rgb(L, enlarge(ab, small_L, L))
            difference = color.deltaE_ciede2000(truth_lab, lab.to_cie(*lab.rgb_to_lab(rgb)))
            scores.append((float(difference[near].mean()), float(difference.mean())))
    return scores


def resized(channels: np.ndarray, shape: tuple[int, ...], how: Image.Resampling) -> np.ndarray:
    size = (shape[1], shape[0])
    planes = (np.ascontiguousarray(channel) for channel in np.moveaxis(channels, -1, 0))
    return np.stack([np.asarray(Image.fromarray(one).resize(size, how)) for one in planes], axis=-1)


def interpolated(how: Image.Resampling) -> Enlarge:
    return lambda ab, _, L: resized(ab, L.shape, how)


def guided(radius: int, smoothing: float, residual: bool) -> Enlarge:
    """A guided filter (He, Sun, Tang, 2013): locally, ab is linear in L, fitted at the small size.

    With `residual`, the linear function only adds the detail of L to the enlarged ab.
    """

    def enlarge(ab: np.ndarray, small_L: np.ndarray, L: np.ndarray) -> np.ndarray:
        def mean(values: np.ndarray) -> np.ndarray:
            return uniform_filter(values, (2 * radius + 1, 2 * radius + 1, 0), mode="nearest")

        variance = mean(small_L**2) - mean(small_L) ** 2
        slope = (mean(small_L * ab) - mean(small_L) * mean(ab)) / (variance + smoothing)
        how = Image.Resampling.BICUBIC
        if residual:
            detail = L - resized(small_L, L.shape, how)
            return resized(ab, L.shape, how) + resized(mean(slope), L.shape, how) * detail
        start = mean(mean(ab) - slope * mean(small_L))
        return resized(mean(slope), L.shape, how) * L + resized(start, L.shape, how)

    return enlarge


METHODS: dict[str, Enlarge] = {
    "bilinear": interpolated(Image.Resampling.BILINEAR),
    "bicubic": interpolated(Image.Resampling.BICUBIC),
    "guided by L, radius 1": guided(1, 0.01, residual=False),
    "guided by L, radius 2": guided(2, 0.01, residual=False),
    "bicubic and L's detail, radius 1": guided(1, 0.01, residual=True),
    "bicubic and L's detail, radius 2": guided(2, 0.01, residual=True),
}


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/chosen"))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    main(**vars(parser.parse_args()))
