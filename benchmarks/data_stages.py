"""Measure time and peak memory of download, split and preprocess for growing numbers of images.

For comparison, the table has the part that all preprocessing needs: decoding and resizing the same
files on the same cores, in the same run. Prints a Markdown table.

    python benchmarks/data_stages.py --counts 2500 25000 --folder /tmp/data_stages

25,000 images need about 20 GB in the folder. The archive of an earlier call is reused; its drawing
then has no row in the table.
"""

import io
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from joblib import Parallel, delayed
from PIL import Image, ImageOps

import turns
from arguments import build_parser
from colorization.sources import archives

ROOT = Path(__file__).resolve().parent.parent
CAMERA = {"width": 500, "height": 375, "jpeg_quality": 95}
IMAGE_SIZE = 224  # px


@dataclass
class Measured:
    """Wall time in seconds, and peak memory in MiB of a process and its children."""

    seconds: float
    memory: float


def main(counts: list[int], folder: Path) -> None:
    rows = []
    for count in counts:
        work = folder / str(count)
        work.mkdir(parents=True, exist_ok=True)
        rows += [row(name, count, measured) for name, measured in measure(count, work).items()]
    print(f"{describe(turns.hardware())}\n")
    print(pd.DataFrame(rows).to_markdown(index=False))


def measure(count: int, work: Path) -> dict[str, Measured]:
    """Run the three stages, and only decoding and resizing before and after preprocess."""
    params = yaml.safe_load((ROOT / "profiles" / "quick.yaml").read_text())
    params["download"]["scenes"] |= CAMERA | {"count": count}
    params["preprocess"]["image_size"] = IMAGE_SIZE
    (work / "params.yaml").write_text(yaml.safe_dump(params))
    raw = work / "data" / "raw.zip"
    shutil.rmtree(work / "data" / "lab", ignore_errors=True)
    measured = {}
    if not raw.exists():
        measured["download (draws)"] = stage("download", work)
    measured["split"] = stage("split", work)
    before = decode_and_resize(raw)
    measured["preprocess"] = stage("preprocess", work)
    after = decode_and_resize(raw)
    measured["decoding and resizing alone"] = Measured((before + after) / 2, float("nan"))
    return measured


def stage(name: str, work: Path) -> Measured:
    """Run a stage in a folder and measure its memory."""
    script = ROOT / "stages" / f"{name}.py"
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, script], cwd=work)
    with ThreadPoolExecutor(1) as watcher:
        memory = watcher.submit(turns.peak_memory, process)
        if process.wait():
            sys.exit(f"{name} failed")
        seconds = time.perf_counter() - started
    return Measured(seconds, memory.result())


def decode_and_resize(archive: Path) -> float:
    """Measure the seconds of decoding and resizing on all cores, with the result discarded."""
    names = archives.image_names(archive)
    chunks = [names[start : start + 32] for start in range(0, len(names), 32)]
    started = time.perf_counter()
    Parallel(n_jobs=-1)(delayed(_decode_and_resize)(archive, chunk) for chunk in chunks)
    return time.perf_counter() - started


def _decode_and_resize(archive: Path, names: list[str]) -> None:
    for name in names:
        image = Image.open(io.BytesIO(archives.read_member(archive, name)))
        ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC)


def row(name: str, count: int, measured: Measured) -> dict[str, str]:
    return {
        "stage": name,
        "images": f"{count:,}",
        "seconds": f"{measured.seconds:.1f}",
        "images per second": f"{count / measured.seconds:.0f}",
        "peak memory, MiB": "" if measured.memory != measured.memory else f"{measured.memory:.0f}",
    }


def describe(hardware: dict) -> str:
    return ", ".join(f"{key} {value}" for key, value in hardware.items())


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[2500, 25000])
    parser.add_argument("--folder", type=Path, required=True)
    main(**vars(parser.parse_args()))
