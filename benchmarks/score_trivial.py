"""Scores of the trivial baselines on an archive's photographs.

Squares are made by the center crop of the stage `preprocess`, and by resizing without crop. Prints
a Markdown table.

    python benchmarks/score_trivial.py --archive photos.zip
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image

import turns
from arguments import build_parser
from colorization.color import lab
from colorization.color.statistics import count_colors
from colorization.dataset.arrays import LabArrays
from colorization.photos import decoding, model_input
from colorization.scoring.regions import small_regions
from colorization.scoring.summary import TRIVIAL
from colorization.scoring.trivial import score_trivial
from colorization.sources import archives

METRICS = (
    "psnr_rgb_db",
    "ssim_rgb",
    "ciede2000_mean",
    "auc_ab_percent",
    "auc_ab_rebalanced_percent",
)


def main(archive: Path, image_size: int, count: int | None) -> None:
    names = archives.image_names(archive)[:count]
    rows = []
    for square in (center_crop, plain_resize):
        photographs = Parallel(n_jobs=-1)(
            delayed(read)(archive, name, square, image_size) for name in names
        )
        L, ab = lab.rgb_to_lab(np.stack(photographs))
        squares = LabArrays(names, L, ab, np.stack(photographs))
        with turns.quiet():
            trivial = score_trivial(squares, count_colors(ab), lambda _, rgb: small_regions(rgb))
        rows += [
            {"square": square.__name__, "baseline": baseline}
            | {metric: f"{trivial.rows[f'{baseline}_{metric}'].mean():.3f}" for metric in METRICS}
            for baseline in TRIVIAL
        ]
    print(f"{len(names)} photographs of {archive.name} at {image_size} px. The constant color and")
    print("the rarity of colors (rebalanced AuC) are computed from these photographs.\n")
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


def read(
    archive: Path, name: str, square: Callable[[Image.Image, int], np.ndarray], image_size: int
) -> np.ndarray:
    image = decoding.to_srgb(decoding.open_image(archives.read_member(archive, name)))
    return square(image, image_size)


def center_crop(image: Image.Image, image_size: int) -> np.ndarray:
    return model_input.center_square(image, image_size)


def plain_resize(image: Image.Image, image_size: int) -> np.ndarray:
    return np.asarray(image.resize((image_size, image_size), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--image_size", type=int, default=224)
    parser.add_argument("--count", type=int)
    main(**vars(parser.parse_args()))
