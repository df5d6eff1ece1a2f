"""What it takes to write a scan of 16 bits in color, with 16 bits and with 8.

A gray scan is drawn. Each result is written by a new process, as a worker of `colorize` writes it.
Prints a Markdown table.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

import turns
from arguments import build_parser
from colorization.colorizing import tasks

ENDINGS = {".tif": 16, ".png": 16, ".jpg": 8}


def main(width: int, height: int) -> None:
    print(f"{turns.machine('pillow', 'imagecodecs')}\n")
    print(f"A gray TIFF of {width:,} x {height:,} px and 16 bits, not compressed\n")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scan.tif")
        draw(path, width, height)
        for ending, bits in ENDINGS.items():
            out = path.with_name(f"out{ending}")
            command = [sys.executable, __file__, "--write", str(path), str(out)]
            written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            seconds, memory = map(float, written.split())
            rows.append(
                {
                    "result": ending[1:],
                    "bits": bits,
                    "CPU seconds": f"{seconds:.0f}",
                    "peak memory, MiB": f"{memory:.0f}",
                    "file, MB": f"{out.stat().st_size / 1e6:.0f}",
                }
            )
    print(pd.DataFrame(rows).to_markdown(index=False))


def draw(path: Path, width: int, height: int) -> None:
    """A smooth scan with the noise of film."""
    rng = np.random.default_rng(1)
    x, y = np.arange(width) / 900, np.arange(height)[:, np.newaxis] / 700
    gray = np.empty((height, width), np.uint16)
    for row, at in zip(gray, y, strict=True):
        row[:] = 30_000 + 20_000 * np.sin(x) * np.cos(at) + rng.normal(0, 120, width)
    tifffile.imwrite(path, gray, metadata=None)


def write(path: Path, out: Path) -> None:
    ab = np.random.default_rng(1).normal(0, 0.1, (96, 128, 2)).astype(np.float32)
    started = time.process_time()
    made_with = "0" * 64, 0.5, 1.0, ()
    tasks.write(path, None, ab, None, out, made_with, side_by_side=False, overwrite=True)
    seconds = time.process_time() - started
    status = Path("/proc/self/status").read_text()
    print(seconds, int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--width", type=int, default=12_500)
    parser.add_argument("--height", type=int, default=8_000)
    parser.add_argument("--write", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(*options.write)
    else:
        main(options.width, options.height)
