"""Measure what one more hint costs, beside colorizing a photograph from the start.

On a photograph of 12 megapixels, in one thread. The colors of the hints are random and vivid:
where they spread, many pixels may have to be mapped into sRGB's gamut, which takes time. Prints a
Markdown table of medians; everything is run in turns.

    python benchmarks/hints.py --photo photo.jpg
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import turns
from arguments import build_parser
from colorization.colorizing import originals
from colorization.colorizing.colorizer import Colorizer, load
from colorization.colorizing.hints import Hint
from colorization.colorizing.uploads import LIKELY, PREVIEW

SIZE = 4_000, 3_000  # px
COUNTS = (1, 10, 100)  # hints


def main(photo: Path, model: Path | None, rounds: int) -> None:
    colorizer = load(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        with Image.open(photo) as image:
            image.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC).save(path, quality=92)
        steps = steps_of(colorizer, path)
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                step()  # not timed: its data come into the caches
                started = time.perf_counter()
                step()
                seconds[name].append(time.perf_counter() - started)
    print(f"{turns.machine('onnxruntime')}\n\n{SIZE[0]} x {SIZE[1]} px, {rounds} rounds\n")
    medians = {name: f"{1000 * statistics.median(taken):.0f}" for name, taken in seconds.items()}
    print(pd.Series(medians, name="ms").to_markdown(disable_numparse=True))


def random_hints(count: int) -> list[Hint]:
    rng = np.random.default_rng(count)
    return [
        Hint(x, y, (red, green, blue))
        for (x, y), (red, green, blue) in zip(
            rng.uniform(0, SIZE, (count, 2)).tolist(),
            rng.integers(256, size=(count, 3)).tolist(),
            strict=True,
        )
    ]


def steps_of(colorizer: Colorizer, path: Path) -> dict[str, Callable]:
    """What is timed, by its name."""
    prepared = colorizer.prepare_input(path)
    (predicted,) = colorizer.predict([prepared])
    rgb = originals.read_original(path).rgb
    preview = rgb.copy()
    preview.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)

    def colors(count: int = 1) -> np.ndarray:
        return colorizer.apply_hints(predicted, prepared, random_hints(count))

    def as_jpeg(image: Image.Image) -> bytes:
        content = io.BytesIO()
        image.save(content, "JPEG", quality=92)
        return content.getvalue()

    return {
        "the whole photograph from its file": lambda: colorizer(path),
        "of this: L, from the file": lambda: colorizer.prepare_input(path),
        "the network": lambda: colorizer.predict([prepared]),
        "ab from the distribution": lambda: colorizer.decode(predicted),
        **{f"{count} hints on the distribution": partial(colors, count) for count in COUNTS},
        f"one more hint, in a preview of {PREVIEW} px": lambda: as_jpeg(
            originals.join(preview.copy(), colorizer.decode(colors()))
        ),
        "one more hint, in full size, not encoded": lambda: originals.join(
            rgb.copy(), colorizer.decode(colors())
        ),
        f"{LIKELY} likely colors of a place": lambda: colorizer.likely_colors(
            predicted, prepared, SIZE[0] / 2, SIZE[1] / 2, LIKELY
        ),
    }


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="package; default: the released model")
    parser.add_argument("--rounds", type=int, default=9)
    main(**vars(parser.parse_args()))
