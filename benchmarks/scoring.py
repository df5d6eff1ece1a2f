"""Duration of scoring, apart from the model's forward pass; and of the gap, which is made of those.

Scores photographs for a model that predicts noise, and for the trivial baselines, on all cores as
the stages do; computes the gap of an untrained `bn_maxpool` on as many photographs of each split;
and times each metric of one image. Prints Markdown.

    python benchmarks/scoring.py --archive photos.zip
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import turns
from arguments import build_parser
from colorization.color import color_metrics, lab, similarity
from colorization.color.statistics import count_colors
from colorization.dataset import arrays
from colorization.dataset.examples import Examples
from colorization.networks import catalog
from colorization.networks.architecture import build_network
from colorization.photos import decoding, model_input
from colorization.scoring import scorer
from colorization.scoring.ab_errors import auc_ab_percent
from colorization.scoring.gap_rows import score_gap
from colorization.scoring.regions import small_regions
from colorization.scoring.trivial import score_trivial
from colorization.sources import archives

BATCH = 32


class Noise:
    """A model that takes no time."""

    inputs = ("L",)
    layers = ()

    def predict_on_batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        L = inputs[0]
        return np.random.default_rng(1).normal(0, 0.1, (*L.shape[:3], 2)).astype(np.float32)


def main(archive: Path, image_size: int, count: int) -> None:
    names = archives.image_names(archive)
    squares = [square(archive, names[index % len(names)], image_size) for index in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        arrays.create(Path(folder), [str(index) for index in range(count)], image_size)
        for index, rgb in enumerate(squares):
            arrays.fill(Path(folder), index, rgb[None])
        cached = arrays.read(Path(folder))
        with turns.quiet():
            started = time.perf_counter()
            colors = count_colors(cached.ab)
            counted = time.perf_counter() - started
            started = time.perf_counter()
            trivial = score_trivial(cached, colors, lambda _, rgb: small_regions(rgb))
            baselines = time.perf_counter() - started
            started = time.perf_counter()
            scorer.evaluate(Noise(), Examples(cached, None), trivial, BATCH)
            scored = time.perf_counter() - started
            examples = Examples(cached, None)
            network = build_network("bn_maxpool", catalog.load("bn_maxpool"), 1, embedding=False)
            started = time.perf_counter()
            score_gap(
                {"best": network.model, "last": network.model},
                {split: (examples, range(count)) for split in ("train", "test")},
                BATCH,
            )
            gap = time.perf_counter() - started
    print(f"{turns.machine('scikit-image')}\n")
    print(f"{count} photographs of {image_size} px: {scored:.1f} s, {count / scored:.1f} images")
    print(f"per second. Once for all models: the trivial baselines {baselines:.1f} s, counting the")
    print(f"colors of as many training images {counted:.1f} s. The gap of bn_maxpool, as many")
    print(f"photographs of each split with two sets of weights, in float32: {gap:.1f} s.\n")
    print(table(squares[:8]))


def square(archive: Path, name: str, image_size: int) -> np.ndarray:
    image = decoding.open_image(archives.read_member(archive, name))
    return model_input.center_square(decoding.to_srgb(image), image_size)


def table(photographs: list[np.ndarray]) -> str:
    other = photographs[0][::-1]
    ab = lab.rgb_to_lab(other)[1]
    cie = lab.to_cie(*lab.rgb_to_lab(other))
    error = np.hypot(ab[..., 0], ab[..., 1]) * lab.AB_SCALE
    steps: dict[str, Callable[[np.ndarray], object]] = {
        "sRGB to Lab": lab.rgb_to_lab,
        "Lab to sRGB": lambda rgb: lab.lab_to_rgb(rgb[..., :1] / 128 - 1, ab),
        "SSIM": lambda rgb: similarity.ssim_rgb(rgb.astype(np.float32), other.astype(np.float32)),
        "CIEDE2000": lambda rgb: color_metrics.ciede2000_mean(rgb.astype(np.float32) / 3, cie),
        "PSNR": lambda rgb: similarity.psnr_rgb_db(rgb, other),
        "AuC": lambda _: auc_ab_percent(error, error),
        "colorfulness": color_metrics.colorfulness,
        "small regions": small_regions,
    }
    rows = []
    for name, step in steps.items():
        times = []
        for rgb in photographs:
            started = time.perf_counter()
            step(rgb)
            times.append(time.perf_counter() - started)
        rows.append({"": name, "ms": f"{1000 * np.median(times):.1f}"})
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--image_size", type=int, default=224)
    parser.add_argument("--count", type=int, default=1250)
    main(**vars(parser.parse_args()))
