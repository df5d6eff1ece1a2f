"""Compare gamut mapping, which reduces chroma, with clipping each channel.

The L of photographs is combined with their own colors, and with those of the next photograph, as
vivid and wrong as a model's may be; both also with 1.3 times the saturation. Prints a Markdown
table: the share of pixels whose L* changes by more than 1 or 2 (8-bit rounding changes it by at
most 0.3), the distance between result and photograph, and the CPU time per pixel.

    python benchmarks/gamut.py --photos photos/ --count 24
"""

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from skimage import color

import turns
from arguments import build_parser
from colorization.color import color_metrics, lab, similarity
from colorization.photos import decoding
from colorization.sources import archives

Convert = Callable[[np.ndarray, np.ndarray], np.ndarray]


def main(photos: Path, count: int) -> None:
    names = archives.folder_image_names(photos)
    chosen = [names[index] for index in np.linspace(0, len(names) - 1, count).astype(int)]
    truths = [
        np.asarray(decoding.to_srgb(decoding.open_image((photos / name).read_bytes())))
        for name in chosen
    ]
    rows: list[dict[str, str]] = [
        {"colors": colors, "saturation": f"{saturation:g}", "beyond sRGB": name}
        | measure(truths, colors == "another's", saturation, convert)
        for colors in ("its own", "another's")
        for saturation in (1.0, 1.3)
        for name, convert in (("less chroma", lab.lab_to_rgb), ("channels clipped", clipped))
    ]
    print(f"{turns.machine('scikit-image')}\n\n{count} photographs\n")
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


def measure(
    truths: list[np.ndarray], anothers: bool, saturation: float, convert: Convert
) -> dict[str, str]:
    moved, errors, squares, seconds = [], [], [], 0.0
    for index, truth in enumerate(truths):
        L, ab = lab.rgb_to_lab(truth)
        if anothers:
            ab = colors_of(truths[(index + 1) % len(truths)], truth.shape[1::-1])
        started = time.process_time()
        rgb = convert(L, saturation * ab)
        seconds += time.process_time() - started
        cie, cie_of_truth = lab.to_cie(*lab.rgb_to_lab(rgb)), lab.to_cie(*lab.rgb_to_lab(truth))
        moved.append(np.abs(cie - cie_of_truth)[..., 0].ravel())
        errors.append(color_metrics.ciede2000_mean(cie_of_truth, cie))
        squares.append(similarity.psnr_rgb_db(truth, rgb))
    every = np.concatenate(moved)
    worst = max((change > 1).mean() for change in moved)
    return {
        "moved by over 1 L*": f"{(every > 1).mean():.3%}",
        "over 2": f"{(every > 2).mean():.3%}",
        "over 1 in the worst": f"{worst:.2%}",
        "CIEDE2000": f"{np.mean(errors):.3f}",
        "PSNR, dB": f"{np.mean(squares):.2f}",
        "ns per pixel": f"{1e9 * seconds / len(every):.0f}",
    }


def colors_of(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return lab.rgb_to_lab(np.asarray(Image.fromarray(rgb).resize(size)))[1]


def clipped(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*negative Z values")
        return np.rint(color.lab2rgb(lab.to_cie(L, ab)) * 255).astype(np.uint8)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24)
    main(**vars(parser.parse_args()))
