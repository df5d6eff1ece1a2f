r"""The command `colorize` beside that of an earlier commit, and beside a plain loop.

Each runs as a process of its own, cold, as a person calls it, in turns: one photograph of 768x512,
24 of them, many as they are, and one of 100 megapixels. The plain loop is over ONNX Runtime, with
Pillow and scikit-image, as a tutorial has it. Prints a Markdown table, with the memory of all of a
command's processes together, and the size of the installed packages.

    git worktree add ../former COMMIT    # and a package that its stage `package` made
    python benchmarks/colorize.py --photos photos/ --model models/chosen \
        --former ../former ../former/models/chosen
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from PIL import Image

import turns
from colorization.colorizing import command
from colorization.sources import archives

ROOT = Path(__file__).resolve().parent.parent
SIZE = 768, 512  # px
LARGE = 12_500, 8_000  # px, 100 megapixels
LARGE_ROUNDS = 1

Way = Callable[[list[Path], Path], tuple[list[str], Path]]  # a command line, and where src/ is


def main(
    photos: Path,
    model: Path,
    former: tuple[Path, Path] | None,
    count: int,
    rounds: int,
) -> None:
    ways: dict[str, Way] = {"colorize": colorizes(ROOT, model), "plain loop": plainly(model)}
    if former:
        ways["the former command"] = colorizes(*former)
    print(f"{turns.machine('onnxruntime')}\n")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, paths, times in works(photos, count, rounds, Path(folder)):
            measured = measure(ways, paths, times)
            ours = measured["colorize"][0]
            for way, (seconds, memory) in measured.items():
                rows.append(
                    {
                        "photographs": name,
                        "": way,
                        "seconds": f"{seconds:.2f}",
                        "per second": f"{len(paths) / seconds:.2f}",
                        "colorize is faster by": f"{seconds / ours:.2f}",
                        "peak memory, MiB": f"{memory:,.0f}",
                    }
                )
                print(rows[-1], file=sys.stderr, flush=True)
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))
    print(f"\nInstalled: {installed(ROOT)}", end="")
    print(f"; the former command: {installed(former[0])}" if former else "")


def works(photos: Path, count: int, rounds: int, folder: Path) -> list[tuple[str, list[Path], int]]:
    """What is to be colorized, and how many times."""
    paths = [photos / name for name in archives.folder_image_names(photos)]
    resized = []
    for number, path in enumerate(paths[:24]):
        with Image.open(path) as image:
            resized.append(folder / f"{number}.jpg")
            image.resize(SIZE, Image.Resampling.LANCZOS).save(resized[-1], quality=92)
    large = folder / "large.jpg"
    with Image.open(paths[0]) as image:
        image.resize(LARGE, Image.Resampling.BILINEAR).save(large, quality=92)
    as_they_are = paths[:count]
    return [
        ("one of 768x512", resized[:1], rounds),
        ("24 of 768x512", resized, rounds),
        (f"{len(as_they_are)} of {photos.name}", as_they_are, (rounds + 1) // 2),
        ("one of 100 megapixels", [large], LARGE_ROUNDS),
    ]


def measure(ways: dict[str, Way], paths: list[Path], rounds: int) -> dict[str, tuple[float, float]]:
    """Median of the seconds, and the most memory in MiB, of each way, in turns.

    The first turn is not timed: it finds no file in the system's cache, and its memory is watched.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    memory = {}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as out:
                arguments, source = way(paths, Path(out))
                started = time.perf_counter()
                process = subprocess.Popen(
                    arguments,
                    env=os.environ | {"PYTHONPATH": str(source)},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                if turn == 0:
                    memory[name] = turns.peak_memory(process)
                status = process.wait()
                if turn > 0:
                    seconds[name].append(time.perf_counter() - started)
                written = len(list(Path(out).iterdir()))
                if status or written != len(paths):
                    raise RuntimeError(f"{name} ended with {status}, {written} written")
    return {name: (statistics.median(seconds[name]), memory[name]) for name in ways}


def installed(checkout: Path) -> str:
    """Size of what `pip install .` brings, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(Path(folder, "bin", "pip")), "install", "--quiet", str(checkout)]
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = (path for path in Path(folder).rglob("*") if path.is_file())
        return f"{sum(path.lstat().st_size for path in files) / 1e6:,.0f} MB"


def colorizes(checkout: Path, model: Path) -> Way:
    """The command of a checkout."""

    def way(paths: list[Path], out: Path) -> tuple[list[str], Path]:
        options = ["--model", str(model.resolve()), "--output", str(out), "--quiet"]
        arguments = [sys.executable, "-m", command.__name__, *map(str, paths), *options]
        return arguments, checkout / "src"

    return way


def plainly(model: Path) -> Way:
    """The plain loop, in a process of its own."""

    def way(paths: list[Path], out: Path) -> tuple[list[str], Path]:
        arguments = ["-c", PLAIN, str(model.resolve()), str(out), *map(str, paths)]
        return [sys.executable, *arguments], ROOT / "src"

    return way


# Every photograph is squashed to the network's square.
PLAIN = """
import json, os, sys
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
from pathlib import Path
import numpy as np, onnxruntime
from PIL import Image
from skimage import color

Image.MAX_IMAGE_PIXELS = None
model, out, *paths = map(Path, sys.argv[1:])
told = json.loads((model / "colorization.json").read_text())
network = onnxruntime.InferenceSession(model / "model.onnx")
if told["vividness"]:
    decoder = onnxruntime.InferenceSession(model / "decode.onnx")
    position = np.full((1, 1), told["vividness"]["default"], np.float32)
if told["embedder_size"]:
    embedder = onnxruntime.InferenceSession(model / "embedder.onnx")
    mean, deviation = np.load(model / "embedding.npy")
side = told["image_size"]
for path in paths:
    image = Image.open(path).convert("RGB")
    small = color.rgb2lab(np.asarray(image.resize((side, side))))[None, ..., :1]
    given = {"L": (small / 50 - 1).astype(np.float32)}
    if told["embedder_size"]:
        wide = image.resize((told["embedder_size"],) * 2)
        L = (color.rgb2lab(np.asarray(wide))[None, ..., :1] / 50 - 1).astype(np.float32)
        given["embedding"] = (embedder.run(None, {"L": L})[0] - mean) / deviation
    (found,) = network.run(None, given)
    if told["vividness"]:
        (found,) = decoder.run(None, {"logits": found, "vividness": position})
    whole = color.rgb2lab(np.asarray(image))
    for channel in (0, 1):
        enlarged = Image.fromarray(128 * found[0][..., channel]).resize(image.size)
        whole[..., 1 + channel] = np.asarray(enlarged)
    rgb = np.rint(255 * color.lab2rgb(whole)).astype(np.uint8)
    Image.fromarray(rgb).save(out / f"{path.stem}.jpg", quality=95)
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/chosen"))
    parser.add_argument("--former", type=Path, nargs=2, metavar=("CHECKOUT", "MODEL"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
