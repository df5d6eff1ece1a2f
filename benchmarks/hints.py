r"""Measure what one more hint costs, beside colorizing a photograph from the start.

On a photograph of 12 megapixels, in one thread. The network of the package is also compared with
the same network in one piece, without the input for hints. Prints a Markdown table of medians;
everything is run in turns.

    python benchmarks/hints.py --photo photo.jpg --model models/chosen \
        --directory models/efficientnet_unet-1
"""

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import turns
from colorization.colorizing import originals
from colorization.colorizing.colorizer import Colorizer, load
from colorization.colorizing.hints import Hint
from colorization.colorizing.onnx_network import OnnxNetwork
from colorization.colorizing.uploads import PREVIEW
from colorization.networks.hints import without_hints
from colorization.networks.saving import load_model
from colorization.networks.vividness import LOGITS, AdjustableModel
from colorization.packaging.to_onnx import as_float32, write_onnx

SIZE = 4_000, 3_000  # px
HINTS = [Hint(1_000, 2_000, (170, 51, 34)), Hint(3_000, 500, (60, 90, 200))]
COLORS = 6  # suggested for a place


def main(photo: Path, model: Path, directory: Path, rounds: int) -> None:
    colorizer = load(model)
    if not colorizer.takes_hints:
        raise SystemExit(f"{model} takes no hints")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        with Image.open(photo) as image:
            image.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC).save(path, quality=92)
        (features,) = colorizer.encode([colorizer.prepare_input(path)])
        steps = steps_of(colorizer, path, in_one_piece(directory, Path(folder)))
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                step()  # not timed: its data come into the caches
                started = time.perf_counter()
                step()
                seconds[name].append(time.perf_counter() - started)
    print(f"{turns.machine('onnxruntime')}\n\n{SIZE[0]} x {SIZE[1]} px, {rounds} rounds")
    print(f"features of the photograph: {features.nbytes / 1e6:.1f} MB\n")
    medians = {name: f"{1000 * statistics.median(taken):.0f}" for name, taken in seconds.items()}
    print(pd.Series(medians, name="ms").to_markdown(disable_numparse=True))


def in_one_piece(directory: Path, folder: Path) -> OnnxNetwork:
    """The network of a model directory as one ONNX file, without the input for hints."""
    adjustable = AdjustableModel.of(as_float32(load_model(directory)))
    if adjustable is None:
        raise SystemExit(f"{directory} has no vividness")
    write_onnx(without_hints(adjustable.logits_model), [LOGITS], folder / "whole.onnx")
    bins, _ = adjustable.decoder.centers.shape
    shape = (None, None, None)
    return OnnxNetwork(folder / "whole.onnx", {"L": (*shape, 1)}, {LOGITS: (*shape, bins)})


def steps_of(colorizer: Colorizer, path: Path, whole: OnnxNetwork) -> dict[str, Callable]:
    """What is timed, by its name."""
    prepared = colorizer.prepare_input(path)
    features = colorizer.encode([prepared])
    (predicted,) = colorizer.predict_encoded(features, [HINTS])
    rgb = originals.read_original(path).rgb
    preview = rgb.copy()
    preview.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)

    def colors() -> np.ndarray:
        return colorizer.decode(colorizer.predict_encoded(features, [HINTS])[0])

    def as_jpeg(image: Image.Image) -> bytes:
        content = io.BytesIO()
        image.save(content, "JPEG", quality=92)
        return content.getvalue()

    return {
        "the whole photograph from its file": lambda: colorizer(path),
        "of this: L, from the file": lambda: colorizer.prepare_input(path),
        "the network up to its features": lambda: colorizer.encode([prepared]),
        "the rest of the network": lambda: colorizer.predict_encoded(features),
        "both parts": lambda: colorizer.predict([prepared]),
        "the network in one piece, without hints": lambda: whole(prepared.L[None]),
        "ab from the distribution": lambda: colorizer.decode(predicted),
        f"one more hint, in a preview of {PREVIEW} px": lambda: as_jpeg(
            originals.join(preview.copy(), colors())
        ),
        "one more hint, in full size, not encoded": lambda: originals.join(rgb.copy(), colors()),
        f"{COLORS} likely colors of a place": lambda: colorizer.likely_colors(
            predicted, prepared, HINTS[0].x, HINTS[0].y, COLORS
        ),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="package that takes hints")
    parser.add_argument("--directory", type=Path, required=True, help="its model directory")
    parser.add_argument("--rounds", type=int, default=9)
    main(**vars(parser.parse_args()))
