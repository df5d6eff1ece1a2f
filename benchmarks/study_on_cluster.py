"""A study by two workers with a core each, beside `make study` on both cores, and where time goes.

Clones the commit, makes the inputs, and times both ways, each in a copy. Then does a worker's steps
once more for a training that is done: these are what a task takes beside its training. From that
and from the seconds of each training, tells how long a study takes on many machines if the longest
trainings begin first.

    python benchmarks/study_on_cluster.py --folder /tmp/clusters   # hours
    python benchmarks/study_on_cluster.py --overhead 30 --studies studies/photographs
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from heapq import heapify, heapreplace
from pathlib import Path

import pandas as pd

import turns

ROOT = Path(__file__).resolve().parent.parent
DVC = [sys.executable, "-m", "dvc"]
EXPERIMENTS = "experiments/dvc.yaml"
INPUTS = ["check", "preprocess", "colours", "floors", "embed", f"{EXPERIMENTS}:embed_control"]
DONE = f"{EXPERIMENTS}:{{}}@bn_maxpool-1"
MACHINES = (1, 4, 16, 64)


def seconds(command: Sequence[str], folder: Path) -> float:
    """Run a command, and give how long it took."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure(folder: Path) -> pd.DataFrame:
    """Time both ways, and the steps of a task."""
    alone, home, clone = folder / "alone", folder / "home", folder / "clone"
    seconds(["git", "clone", "--quiet", str(ROOT), str(alone)], ROOT)
    seconds([*DVC, "repro", *INPUTS], alone)
    shutil.copytree(alone, home, symlinks=True)
    add = ["remote", "add", "--quiet", "--default", "shared", str(folder / "remote")]
    seconds([*DVC, *add], home)
    rows = {
        "make study, all cores": seconds([*DVC, "repro", "--all-pipelines", "--keep-going"], alone),
        "make study CLUSTER=local:2": seconds(
            [sys.executable, "tools/cluster.py", "local:2"], home
        ),
        "a task: git clone": seconds(["git", "clone", "--quiet", str(home), str(clone)], ROOT),
    }
    seconds([*DVC, *add], clone)
    for stage in ("train", "evaluate"):
        target = DONE.format(stage)
        taken = seconds([*DVC, "repro", "--single-item", "--pull", target], clone)
        rows[f"a task: pull what `{stage}` takes, and what it gave"] = taken
        rows[f"a task: imports of `{stage}`"] = seconds(
            [sys.executable, f"stages/{stage}.py", "--help"], clone
        )
    evaluated = [*DVC, "repro", "--single-item", "--force", DONE.format("evaluate")]
    rows["a task: evaluate"] = seconds(evaluated, clone)
    pushed = [*DVC, "push", "--run-cache", *map(DONE.format, ("train", "evaluate"))]
    rows["a task: push"] = seconds(pushed, clone)
    return pd.DataFrame({"seconds": rows}).round(1)


def on_paper(study: Path, overhead: float) -> list[float]:
    """Hours of a published study on so many machines as its trainings' own, longest first."""
    runs = (json.loads(path.read_text()) for path in study.glob("trainings/*/run.json"))
    tasks = sorted((run["seconds"] + overhead for run in runs), reverse=True)
    hours = []
    for machines in MACHINES:
        busy = [0.0] * machines
        heapify(busy)
        for task in tasks:
            heapreplace(busy, busy[0] + task)
        hours.append(max(busy) / 3600)
    return hours


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="an empty or missing one, to work in")
    parser.add_argument("--studies", type=Path, nargs="*", default=[])
    parser.add_argument("--overhead", type=float, default=0.0, help="seconds a task")
    options = parser.parse_args()
    print(f"{turns.machine()}\n")
    if options.folder:
        print(measure(options.folder).to_markdown(), "\n")
    if options.studies:
        told = {study.name: on_paper(study, options.overhead) for study in options.studies}
        hours = pd.DataFrame(told, index=pd.Index(MACHINES, name="machines")).T
        print(hours.round(1).rename_axis("hours of").to_markdown())
