"""Compare a training step with and without oneDNN, which TensorFlow does not enable everywhere.

Runs `step_profile.py` in turns with TF_ENABLE_ONEDNN_OPTS=1 and 0. Prints a Markdown table of
medians.

    python benchmarks/onednn.py --variants bn_maxpool baseline --image_size 64 --batch_size 32
"""

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pandas as pd

import turns
from arguments import build_parser

METHODS = {"with oneDNN": "1", "without": "0"}
PROFILE = Path(__file__).with_name("step_profile.py")


def main(variants: list[str], image_size: int, batch_size: int, rounds: int) -> None:
    print(f"{turns.machine()}\n\n{image_size} px, batches of {batch_size}, float32\n")
    rows = []
    for variant in variants:
        seconds: dict[str, list[float]] = {method: [] for method in METHODS}
        for _ in range(rounds):
            for method, value in METHODS.items():
                seconds[method].append(step(variant, image_size, batch_size, value))
        medians = {method: statistics.median(times) for method, times in seconds.items()}
        row = {method: f"{median:.0f} ms" for method, median in medians.items()}
        ratio = medians["without"] / medians["with oneDNN"]
        rows.append({"a step of": variant, **row, "faster by": f"{ratio:.2f}"})
        print(rows[-1], file=sys.stderr, flush=True)
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


def step(variant: str, image_size: int, batch_size: int, onednn: str) -> float:
    """Measure the milliseconds of a step in a process of its own."""
    options = {"--variant": variant, "--image_size": image_size, "--batch_size": batch_size}
    ran = subprocess.run(
        [sys.executable, PROFILE, *(str(item) for pair in options.items() for item in pair)],
        env=os.environ | {"TF_ENABLE_ONEDNN_OPTS": onednn},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(re.findall(r"^(\d+) ms a step", ran.stdout, re.MULTILINE)[0])


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--variants", nargs="+", default=["bn_maxpool", "baseline"])
    parser.add_argument("--image_size", type=int, default=64)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
