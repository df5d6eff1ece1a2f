"""How far a hint reaches, and whether it stops at edges.

Test photographs, and drawn shapes as in training, each get one hint of a random color at a random
place. What changes is the distance in CIE ab to the result without hints, at vividness 0. It should
change where the thing continues that the hint is on, and nowhere else. A photograph does not say
what belongs to what; its true colors stand for that: the same, or clearly others. Hints are said to
stop at edges if, in drawings, at each distance the rest changes at most half as much as the thing.
Prints a Markdown table over the distance from the hint, px.

    python benchmarks/hint_reach.py --model models/efficientnet_unet-1 --data data
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

import turns
from colorization.color import lab
from colorization.color.lab import chroma_of
from colorization.networks.hints import CHANNELS, SCALE
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.training.shapes import draw_shapes
from hint_curve import colorful_photographs

DISTANCES = (6, 12, 24, 48)  # px; nearer, it is the patch of the hint itself
SAME, OTHER = 5.0, 20.0  # distance in CIE ab to the true color of the hint's place
MARGIN = 4  # px from a hint to the edges of the image
BATCH = 16

# The maps of an image: L; whether a pixel belongs to the hint's thing; whether it surely does not.
Image = tuple[np.ndarray, np.ndarray, np.ndarray]


def main(model: Path, data: Path, images: int) -> None:
    adjustable = AdjustableModel.of(load_model(model))
    if adjustable is None:
        raise SystemExit(f"{model} has no vividness")
    rgb, ab = colorful_photographs(data, images)
    print(f"{turns.machine()}\n\n{len(rgb)} test photographs and as many drawings\n", flush=True)
    side = rgb.shape[1]
    places = np.random.default_rng(1).integers(MARGIN, side - MARGIN, (len(rgb), 2))
    table = {
        f"{kind}, {place}": changes
        for kind, images_of in {
            "photographs": photographs(rgb, ab, places),
            "drawings": drawings(side, places),
        }.items()
        for place, changes in measure(adjustable, list(images_of), places).items()
    }
    rows = [f"{near} to {far}" for near, far in pairwise(DISTANCES)]
    print(pd.DataFrame(table, index=rows).rename_axis("px").to_markdown(floatfmt=".1f"))


def photographs(rgb: np.ndarray, ab: np.ndarray, places: np.ndarray) -> Iterator[Image]:
    for pixels, colors, (y, x) in zip(rgb, ab, places, strict=True):
        difference = chroma_of(colors - colors[y, x])
        yield lab.rgb_to_lab(pixels)[0], difference < SAME, difference > OTHER


def drawings(side: int, places: np.ndarray) -> Iterator[Image]:
    """Drawings in which the hint's shape has a color of its own, and its ground another."""
    rng = np.random.default_rng(2)
    for y, x in places:
        L, ab, _ = draw_shapes(side, rng)
        while not ab[y, x].any() or np.all(ab == ab[y, x]):
            L, ab, _ = draw_shapes(side, rng)
        same = np.all(ab == ab[y, x], axis=-1)
        yield L, same, ~same


def measure(
    adjustable: AdjustableModel, images: list[Image], places: np.ndarray
) -> dict[str, list[float]]:
    """Return the mean changes over the distance, where the thing continues and elsewhere."""
    L, *masks = (np.stack(maps) for maps in zip(*images, strict=True))
    rng = np.random.default_rng(3)
    _, colors = lab.rgb_to_lab(rng.integers(0, 256, (1, len(L), 1, 3), np.uint8))
    side = L.shape[1]
    hints = np.zeros((len(L), side // SCALE, side // SCALE, CHANNELS), np.float32)
    for hint, color, (y, x) in zip(hints, colors[0, :, 0], places // SCALE, strict=True):
        hint[y - 1 : y + 2, x - 1 : x + 2] = [*color, 1]
    change = np.concatenate(
        [
            chroma_of(
                decoded(adjustable, L[batch], hints[batch])
                - decoded(adjustable, L[batch], np.zeros_like(hints[batch]))
            )
            for batch in (slice(start, start + BATCH) for start in range(0, len(L), BATCH))
        ]
    )
    rows, columns = np.mgrid[:side, :side]
    distance = np.stack([np.hypot(rows - y, columns - x) for y, x in places])
    return {
        title: [
            float(change[mask & (distance >= near) & (distance < far)].mean())
            for near, far in pairwise(DISTANCES)
        ]
        for title, mask in zip(("the same thing", "elsewhere"), masks, strict=True)
    }


def decoded(adjustable: AdjustableModel, L: np.ndarray, hints: np.ndarray) -> np.ndarray:
    logits = adjustable.logits_model.predict_on_batch([L, hints])
    return np.asarray(adjustable.decode(logits, 0.0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="model directory")
    parser.add_argument("--data", type=Path, default=Path("data"), help="with lab/ and colors/")
    parser.add_argument("--images", type=int, default=200)
    main(**vars(parser.parse_args()))
