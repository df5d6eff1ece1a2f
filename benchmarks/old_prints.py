"""Borders of scanned prints, and photographs that have colors of their own.

Puts borders of several kinds around photographs in gray, and compares the colors within with those
that a packaged model gives without a border: if the border is left out, and if the network sees it.
Counts the photographs in which a border is seen though they have none. Then counts which prints are
taken for photographs in color, of photographs as they are, in gray, toned and faded. Prints three
Markdown tables.

    python benchmarks/old_prints.py --photos photos/
"""

from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from PIL import Image

from arguments import build_parser
from colorization.color import color_metrics, lab
from colorization.colorizing import prepared
from colorization.colorizing.borders import find_picture
from colorization.colorizing.colorizer import load
from colorization.colorizing.originals import read_original
from colorization.colorizing.own_colors import has_own_colors
from colorization.dataset.examples import evenly_spaced
from colorization.sources import archives

NARROWEST, WIDEST = 0.03, 0.12  # widths of a border's sides, of the photograph's shorter side
STAIN = 0.6  # of a toning's chroma, from its mean to the edges of the print

Print = Callable[[Image.Image], Image.Image]


def main(photos: Path, model: Path | None, count: int) -> None:
    names = archives.folder_image_names(photos)
    images = [read_original(photos / name).rgb.convert("RGB") for name in names]
    bordered, prints = (evenly_spaced(len(images), number) for number in (count, 4 * count))
    print(f"{len(bordered)} of {len(images)} photographs of {photos.name}\n")
    table = colors_within([images[index] for index in bordered], model)
    print(table.to_markdown(index=False, floatfmt=".2f"), "\n")
    recognized = sum(find_picture(image) is not None for image in images)
    print(f"Without a border: a border is seen in {recognized} of {len(images)}.\n", flush=True)
    print(taken_for_color([images[index] for index in prints]).to_markdown(index=False))


def taken_for_color(images: list[Image.Image]) -> pd.DataFrame:
    """How many photographs are taken for photographs in color, by kind of print."""
    counts = {
        kind: sum(has_own_colors(printed(image)) for image in images)
        for kind, printed in PRINTS.items()
    }
    return pd.DataFrame({"print": counts.keys(), f"in color, of {len(images)}": counts.values()})


def colors_within(images: list[Image.Image], model: Path | None) -> pd.DataFrame:
    """Mean CIEDE2000 from the colors of the photograph without a border, by kind of border."""
    colorize = load(model)
    grays = [image.convert("L").convert("RGB") for image in images]
    expected = [colorize(gray) for gray in grays]
    rows = []
    for kind, paper in PAPERS.items():
        random = np.random.default_rng(1)
        bordered = [surround(gray, paper, random) for gray in grays]
        recognized = [find_picture(image) is not None for image, _ in bordered]
        left_out = [
            ciede2000(colorize(image).crop(box), alone)
            for (image, box), alone in zip(bordered, expected, strict=True)
        ]
        with mock.patch.object(prepared, "find_picture", return_value=None):
            seen = [
                ciede2000(colorize(image).crop(box), alone)
                for (image, box), alone in zip(bordered, expected, strict=True)
            ]
        rows.append((kind, 100 * np.mean(recognized), np.mean(left_out), np.mean(seen)))
    columns = ["border", "found, %", "CIEDE2000", "CIEDE2000 if the network sees the border"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[len(table)] = ["all", *table[columns[1:]].mean()]
    return table


Paper = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
# Gray levels from x and y in [0, 1].
PAPERS: dict[str, Paper] = {
    "white": lambda x, *_: np.full_like(x, 250),
    "black": lambda x, *_: np.full_like(x, 8),
    "gray": lambda x, *_: np.full_like(x, 128),
    "white, noisy": lambda x, _, random: random.normal(240, 4, x.shape),
    "white, unevenly lit": lambda x, y, random: (
        224 + 20 * x + 8 * y + random.normal(0, 1.5, x.shape)
    ),
}


def surround(
    image: Image.Image, paper: Paper, random: np.random.Generator
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Put a border around a photograph, and return where it is in it."""
    widths = random.uniform(NARROWEST, WIDEST, 4) * min(image.size)
    left, top, right, bottom = widths.astype(int)
    width, height = image.width + left + right, image.height + top + bottom
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    levels = paper(x, y, random).clip(0, 255).astype(np.uint8)
    bordered = Image.fromarray(levels).convert("RGB")
    bordered.paste(image, (left, top))
    return bordered, (left, top, left + image.width, top + image.height)


def ciede2000(one: Image.Image, other: Image.Image) -> float:
    cie = (lab.to_cie(*lab.rgb_to_lab(np.asarray(image))) for image in (one, other))
    return float(color_metrics.ciede2000_mean(*cie))


def toned(hue: float, chroma: float, stain: float = 0.0) -> Print:
    """Tone a photograph to a hue, in degrees, most in the middle tones."""
    direction = np.array([np.cos(np.deg2rad(hue)), np.sin(np.deg2rad(hue))]) / lab.AB_SCALE

    def made(image: Image.Image) -> Image.Image:
        L = lab.luminance(np.asarray(image))
        strength = 1 + stain * np.linspace(-1, 1, image.width)[:, None]
        return Image.fromarray(lab.lab_to_rgb(L, chroma * (1 - L**2) * strength * direction))

    return made


def faded(share: float) -> Print:
    """Keep a share of the colors, under a red cast, with less contrast."""

    def made(image: Image.Image) -> Image.Image:
        L, ab = lab.rgb_to_lab(np.asarray(image))
        cast = np.array([12, 10]) / lab.AB_SCALE * (1 - L**2)
        return Image.fromarray(lab.lab_to_rgb(0.7 * L + 0.1, share * ab + cast))

    return made


PRINTS: dict[str, Print] = {
    "as it is": lambda image: image,
    "gray": lambda image: image.convert("L").convert("RGB"),
    "sepia": toned(75, 18),
    "blue": toned(260, 25),
    "sepia, stained": toned(75, 18, STAIN),
    "blue, stained": toned(260, 25, STAIN),
    "faded to half of its colors": faded(0.5),
    "faded to a third of its colors": faded(1 / 3),
}


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="default: the released model")
    parser.add_argument("--count", type=int, default=24, help="photographs with borders")
    main(**vars(parser.parse_args()))
