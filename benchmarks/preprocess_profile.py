"""Profile the steps of preprocess, with all cores busy. Prints a Markdown table.

    python benchmarks/preprocess_profile.py --archive photos.zip

Each number is the median of five passes over the first images, averaged over the cores.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from PIL import Image
from skimage import color

from arguments import build_parser
from colorization.color import lab
from colorization.core import provenance
from colorization.dataset import arrays
from colorization.photos import decoding, model_input
from colorization.sources import archives

IMAGE_SIZE = 224  # px
IMAGES = 256
PASSES = 5

DECODE = "decode, upright, to sRGB"
RESIZE = "crop and resize (Pillow, bicubic)"
RGB2LAB = "of this, scikit-image's rgb2lab in float32"


def main(archive: Path) -> None:
    cores = cpu_count()
    measured = Parallel(n_jobs=cores)(delayed(profile)(archive) for _ in range(cores))
    table = pd.DataFrame(measured).mean().rename("ms").to_frame()
    total = table["ms"].sum() - table["ms"][RGB2LAB]
    table["share"] = table["ms"] / total
    print(f"{IMAGES} images on each of {describe()}\n")
    print(table.to_markdown(floatfmt=("", ".2f", ".0%"), headers=["step", "ms per image", "share"]))
    floor = (table["ms"][DECODE] + table["ms"][RESIZE]) / total
    print(f"\nDecoding and resizing are {floor:.0%} of it.")


def profile(archive: Path) -> dict[str, float]:
    """Measure the milliseconds per image of each step, while the other cores do the same."""
    names = archives.image_names(archive)[:IMAGES]
    contents = [archives.read_member(archive, name) for name in names]
    decoded = [decode(content) for content in contents]
    squares = [model_input.center_square(image, IMAGE_SIZE) for image in decoded]
    with tempfile.TemporaryDirectory() as folder:
        arrays.create(Path(folder), names, IMAGE_SIZE)
        steps: dict[str, tuple[Callable, list]] = {
            "read from the zip": (lambda name: archives.read_member(archive, name), names),
            DECODE: (decode, contents),
            RESIZE: (lambda image: model_input.center_square(image, IMAGE_SIZE), decoded),
            "to Lab, to float16, write": (
                lambda rgb: arrays.fill(Path(folder), 0, rgb[None]),
                squares,
            ),
            RGB2LAB: (rgb2lab_in_blocks, squares),
        }
        passes = [
            {name: per_image(step, items) for name, (step, items) in steps.items()}
            for _ in range(PASSES)
        ]
    return {name: float(np.median([ms[name] for ms in passes])) for name in steps}


def per_image(step: Callable, items: list) -> float:
    """Measure the milliseconds per item."""
    started = time.perf_counter()
    for item in items:
        step(item)
    return (time.perf_counter() - started) / len(items) * 1000


def describe() -> str:
    machine = provenance.machine()
    return f"{machine.cores} cores ({machine.processor}, {machine.platform})"


def decode(content: bytes) -> Image.Image:
    return decoding.to_srgb(
        decoding.open_image(content), least_side=model_input.MARGIN * IMAGE_SIZE
    )


def rgb2lab_in_blocks(rgb: np.ndarray) -> None:
    """Call the conversion in the blocks of `lab.rgb_to_lab`."""
    lines = max(1, lab.BLOCK_PIXELS // rgb.shape[1])
    for start in range(0, len(rgb), lines):
        color.rgb2lab(np.divide(rgb[start : start + lines], 255, dtype=np.float32))


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archive", type=Path, required=True)
    main(**vars(parser.parse_args()))
