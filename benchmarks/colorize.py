r"""Compare the command `colorize` with a former one, a former model, and a simple loop.

Each runs in a new process, alternately: one photograph of 768x512, 24 of them, many in their own
size, and one of 100 megapixels. The simple loop uses ONNX Runtime, Pillow and scikit-image, as in a
tutorial. Prints a Markdown table, with the total memory of all processes of a command, and the size
of the installed packages.

    git worktree add ../former COMMIT    # and a package written by its stage `package`
    python benchmarks/colorize.py --photos photos/ --model models/chosen \
        --former ../former ../former/models/chosen

A former model in the present command shows what the model alone costs, such as before a release:

    git worktree add ../former TAG
    python benchmarks/colorize.py --photos photos/ --model src/colorization/released \
        --former-model ../former/src/colorization/released
"""

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
from arguments import build_parser
from colorization.colorizing import command
from colorization.sources import archives

ROOT = Path(__file__).resolve().parent.parent
SIZE = 768, 512  # px
LARGE = 12_500, 8_000  # px, 100 megapixels
LARGE_ROUNDS = 1

Program = Callable[[list[Path], Path], tuple[list[str], Path]]  # returns command line and src/


def main(
    photos: Path,
    model: Path,
    former: tuple[Path, Path] | None,
    former_model: Path | None,
    count: int,
    rounds: int,
) -> None:
    programs: dict[str, Program] = {
        "colorize": command_of(ROOT, model),
        "simple loop": simple_loop(model),
    }
    if former:
        programs["former command"] = command_of(*former)
    if former_model:
        programs["former model"] = command_of(ROOT, former_model)
    print(f"{turns.machine('onnxruntime')}\n")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, paths, repetitions in workloads(photos, count, rounds, Path(folder)):
            measured = measure(programs, paths, repetitions)
            reference = measured["colorize"][0]
            for program, (seconds, memory) in measured.items():
                rows.append(
                    {
                        "photographs": name,
                        "": program,
                        "seconds": f"{seconds:.2f}",
                        "per second": f"{len(paths) / seconds:.2f}",
                        "speedup of colorize": f"{seconds / reference:.2f}",
                        "peak memory, MiB": f"{memory:,.0f}",
                    }
                )
                print(rows[-1], file=sys.stderr, flush=True)
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))
    print(f"\nInstalled: {installed(ROOT)}", end="")
    print(f"; former command: {installed(former[0])}" if former else "")


def workloads(
    photos: Path, count: int, rounds: int, folder: Path
) -> list[tuple[str, list[Path], int]]:
    """The photographs of each workload, and the number of repetitions."""
    paths = [photos / name for name in archives.folder_image_names(photos)]
    resized = []
    for number, path in enumerate(paths[:24]):
        with Image.open(path) as image:
            resized.append(folder / f"{number}.jpg")
            image.resize(SIZE, Image.Resampling.LANCZOS).save(resized[-1], quality=92)
    large = folder / "large.jpg"
    with Image.open(paths[0]) as image:
        image.resize(LARGE, Image.Resampling.BILINEAR).save(large, quality=92)
    own_size = paths[:count]
    return [
        ("one of 768x512", resized[:1], rounds),
        ("24 of 768x512", resized, rounds),
        (f"{len(own_size)} of {photos.name}", own_size, (rounds + 1) // 2),
        ("one of 100 megapixels", [large], LARGE_ROUNDS),
    ]


def measure(
    programs: dict[str, Program], paths: list[Path], rounds: int
) -> dict[str, tuple[float, float]]:
    """Median of the seconds, and peak memory in MiB, of each program, run alternately.

    The first round is not timed: files are not in the system's cache, and memory is measured.
    """
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    memory = {}
    for turn in range(rounds + 1):
        for name, program in programs.items():
            with tempfile.TemporaryDirectory() as out:
                arguments, source = program(paths, Path(out))
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
    return {name: (statistics.median(seconds[name]), memory[name]) for name in programs}


def installed(checkout: Path) -> str:
    """Size of everything that `pip install .` installs, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(Path(folder, "bin", "pip")), "install", "--quiet", str(checkout)]
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = (path for path in Path(folder).rglob("*") if path.is_file())
        return f"{sum(path.lstat().st_size for path in files) / 1e6:,.0f} MB"


def command_of(checkout: Path, model: Path) -> Program:
    """The command of a checkout."""

    def program(paths: list[Path], out: Path) -> tuple[list[str], Path]:
        options = ["--model", str(model.resolve()), "--output", str(out), "--quiet"]
        arguments = [sys.executable, "-m", command.__name__, *map(str, paths), *options]
        return arguments, checkout / "src"

    return program


def simple_loop(model: Path) -> Program:
    """The simple loop, in a new process."""

    def program(paths: list[Path], out: Path) -> tuple[list[str], Path]:
        arguments = ["-c", SIMPLE_LOOP, str(model.resolve()), str(out), *map(str, paths)]
        return [sys.executable, *arguments], ROOT / "src"

    return program


# The input is a square, whatever the aspect ratio.
SIMPLE_LOOP = """
import json, os, sys
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
from pathlib import Path
import numpy as np, onnxruntime
from PIL import Image
from skimage import color

Image.MAX_IMAGE_PIXELS = None
model, out, *paths = map(Path, sys.argv[1:])
manifest = json.loads((model / "colorization.json").read_text())
network = onnxruntime.InferenceSession(model / "model.onnx")
side = manifest["image_size"]
if manifest["vividness"]:
    decoder = onnxruntime.InferenceSession(model / "decode.onnx")
    vividness = np.full((1, 1), manifest["vividness"]["default"], np.float32)
if manifest["embedder_size"]:
    embedder = onnxruntime.InferenceSession(model / "embedder.onnx")
    mean, deviation = np.load(model / "embedding.npy")
for path in paths:
    image = Image.open(path).convert("RGB")
    small = color.rgb2lab(np.asarray(image.resize((side, side))))[None, ..., :1]
    inputs = {"L": (small / 50 - 1).astype(np.float32)}
    if manifest["embedder_size"]:
        square = image.resize((manifest["embedder_size"],) * 2)
        L = (color.rgb2lab(np.asarray(square))[None, ..., :1] / 50 - 1).astype(np.float32)
        inputs["embedding"] = (embedder.run(None, {"L": L})[0] - mean) / deviation
    (ab,) = network.run(None, inputs)
    if manifest["vividness"]:
        (ab,) = decoder.run(None, {"logits": ab, "vividness": vividness})
    lab = color.rgb2lab(np.asarray(image))
    for channel in (0, 1):
        resized = Image.fromarray(128 * ab[0][..., channel]).resize(image.size)
        lab[..., 1 + channel] = np.asarray(resized)
    rgb = np.rint(255 * color.lab2rgb(lab)).astype(np.uint8)
    Image.fromarray(rgb).save(out / f"{path.stem}.jpg", quality=95)
"""


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/chosen"))
    parser.add_argument("--former", type=Path, nargs=2, metavar=("CHECKOUT", "MODEL"))
    parser.add_argument("--former-model", type=Path, metavar="MODEL")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
