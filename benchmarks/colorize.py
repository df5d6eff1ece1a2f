"""Colorizing many photographs, beside a plain loop over ONNX Runtime, one after the other.

Both load the same packaged model, read the same files and write JPEG; loading is told apart.
Prints a Markdown table.

    python benchmarks/colorize.py --photos photos/ --model models/chosen
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from PIL import Image
from skimage import color

import turns
from colorization.colorizing.bulk import colorize_files
from colorization.colorizing.colorizer import load
from colorization.colorizing.jobs import Job
from colorization.colorizing.manifest import read_manifest
from colorization.imaging import lab, view
from colorization.sources import archives


def main(photos: Path, model: Path, count: int, rounds: int) -> None:
    paths = [photos / name for name in archives.folder_image_names(photos)[:count]]
    loaded = time.perf_counter()
    load(model)
    loaded = time.perf_counter() - loaded
    ways = {"ours": partial(ours, model, paths), "plain loop": partial(plain, model, paths)}
    measured = turns.measure(ways, rounds)
    rows = [
        {
            "": name,
            "photographs per second": f"{len(paths) / result.median:.2f}",
            "ours is faster by": f"{result.median / measured['ours'].median:.2f}",
            "peak memory, MiB": f"{result.memory:,.0f}",
        }
        for name, result in measured.items()
    ]
    print(
        f"{turns.machine()}\n\n{len(paths)} photographs; loading the model takes {loaded:.1f} s\n"
    )
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


def ours(model: Path, paths: list[Path]) -> turns.Step:
    colorizer = load(model)

    def step() -> None:
        with tempfile.TemporaryDirectory() as folder:
            jobs = [Job(path, Path(folder) / f"{path.stem}.jpg") for path in paths]
            options: Any = {
                "vividness": None,
                "saturation": 1.0,
                "side_by_side": False,
                "quiet": True,
            }
            for failure in colorize_files(colorizer, jobs, batch_size=16, threads=2, **options):
                raise RuntimeError(failure)

    return step


def plain(model: Path, paths: list[Path]) -> turns.Step:
    """As a tutorial has it: every photograph squashed to the network's square."""
    manifest = read_manifest(model)
    session = onnxruntime.InferenceSession(model / "model.onnx")
    given: dict[str, np.ndarray] = {}
    if manifest.vividness is not None:
        given["vividness"] = np.full((1, 1), manifest.vividness, np.float32)
    if manifest.embedder_size is not None:
        embedder = onnxruntime.InferenceSession(model / "embedder.onnx")
        mean, deviation = np.load(model / "embedding.npy", allow_pickle=False)
    side = (manifest.image_size, manifest.image_size)

    def step() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for path in paths:
                with Image.open(path) as opened:
                    image = opened.convert("RGB")
                L = color.rgb2lab(np.asarray(image.resize(side)))[None, ..., :1] / 50 - 1
                given["L"] = L.astype(np.float32)
                if manifest.embedder_size is not None:
                    square = view.square_for(given["L"], manifest.embedder_size)
                    (logits,) = embedder.run(None, {"L": square})
                    given["embedding"] = (logits - mean) / deviation
                ab = session.run(None, given)[0][0] * lab.AB_SCALE
                whole = color.rgb2lab(np.asarray(image))
                for channel in (0, 1):
                    enlarged = Image.fromarray(ab[..., channel]).resize(image.size)
                    whole[..., 1 + channel] = np.asarray(enlarged)
                rgb = np.rint(255 * color.lab2rgb(whole)).astype(np.uint8)
                Image.fromarray(rgb).save(Path(folder) / f"{path.stem}.jpg", quality=95)

    return step


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/chosen"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
