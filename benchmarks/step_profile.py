"""Profile a training step with oneDNN's verbose log.

Prints a Markdown table. Operations may run concurrently, so their sum may exceed the time of the
step; operations outside oneDNN, such as the optimizer, are missing.

    python benchmarks/step_profile.py --variant bn_maxpool
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import pandas as pd

import turns
from arguments import build_parser
from colorization.networks import catalog
from colorization.networks.architecture import takes_embedding
from steps import batch, compiled

MARK = "step of seconds:"


def main(variant: str, policy: str, image_size: int, batch_size: int, steps: int) -> None:
    command = [sys.executable, __file__, "--variant", variant, "--policy", policy]
    sizes = ["--image_size", str(image_size), "--batch_size", str(batch_size)]
    environment = os.environ | {"ONEDNN_VERBOSE": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    output = subprocess.run(
        [*command, *sizes, "--steps", str(steps), "--recorded"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    _, *recorded = output.split(MARK)  # the first step is traced and compiled
    seconds = [float(part.partition("\n")[0]) for part in recorded]
    wall = 1000 * sum(seconds[1:]) / (len(seconds) - 1)
    # The lines after a marker are those of the next step.
    spent = pd.DataFrame([line for part in recorded[:-1] for line in milliseconds(part)])
    totals = spent.groupby("")["ms"].sum().sort_values(ascending=False) / (len(seconds) - 1)
    print(f"{turns.machine()}\n\n{variant}, {policy}, {image_size} px, batches of {batch_size}:")
    print(f"{wall:.0f} ms a step\n")
    table = totals.to_frame().assign(share=totals / totals.sum())
    table = table.rename(columns={"share": "share of oneDNN's time"})
    print(table.to_markdown(floatfmt=("", ".0f", ".1%")))


def milliseconds(record: str) -> Iterator[dict[str, str | float]]:
    """Sum times by primitive and direction, of lines like onednn_verbose,v1,primitive,exec,..."""
    for line in record.splitlines():
        fields = line.split(",")
        if "exec" in fields and fields[0] == "onednn_verbose":
            _, primitive, _, direction = fields[fields.index("exec") + 1 :][:4]
            name = f"{primitive}, {direction}".removesuffix(", undef")
            yield {"": name, "ms": float(fields[-1])}


def record(variant: str, policy: str, image_size: int, batch_size: int, steps: int) -> None:
    """Compute steps, and print a marker after each."""
    model = compiled(variant, policy)
    given = batch(variant, (batch_size, image_size), embedding=takes_embedding(model))
    step = partial(model.train_on_batch, *given)
    for _ in range(steps + 2):
        started = time.perf_counter()
        step()
        print(f"\n{MARK}{time.perf_counter() - started}", flush=True)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--variant", choices=catalog.names(), default="bn_maxpool")
    parser.add_argument("--policy", default="float32")
    parser.add_argument("--image_size", type=int, default=224)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--recorded", action="store_true", help=argparse.SUPPRESS)
    options = vars(parser.parse_args())
    (record if options.pop("recorded") else main)(**options)
