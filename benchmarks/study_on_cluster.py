r"""Compare a study on two workers with a core each with `make study` on both cores.

Clones the commit, computes the inputs, and measures both methods in copies. Then repeats a worker's
steps for a finished training: these are the overhead of a task.

Estimates the time of another study on many machines like this one if the longest trainings start
first. A training's images per second are those of its variant in the copy `alone`, scaled by the
number of pixels.

    python benchmarks/study_on_cluster.py --folder /tmp/clusters   # an hour
    python benchmarks/study_on_cluster.py --measured /tmp/clusters/alone --overhead 30 \
        --evaluate 0.1 --study studies/photographs/params.yaml 11907 4260
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from heapq import heapreplace
from pathlib import Path

import pandas as pd

import turns
from arguments import build_parser
from colorization.core.settings import Params

ROOT = Path(__file__).resolve().parent.parent
DVC = [sys.executable, "-m", "dvc"]
EXPERIMENTS = "experiments/dvc.yaml"
INPUTS = [  # as `tools/cluster.py` has them
    *("check", "preprocess", "colors", "labels", "trivial", "embed"),
    *(f"{EXPERIMENTS}:{stage}" for stage in ("embed_control", "inputs")),
]
DONE = f"{EXPERIMENTS}:{{}}@bn_maxpool-1"
AUTHOR = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]
MACHINES = (1, 4, 16, 64)


def seconds(command: Sequence[str], folder: Path) -> float:
    """Run a command, and return the seconds."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    taken = time.perf_counter() - started
    print(f"{taken:.1f} s: {' '.join(command)}", file=sys.stderr, flush=True)
    return taken


def measure(folder: Path) -> pd.DataFrame:
    """Measure both methods, and the steps of a task."""
    alone, home, clone = folder / "alone", folder / "home", folder / "clone"
    seconds(["git", "clone", "--quiet", str(ROOT), str(alone)], ROOT)
    seconds([*DVC, "repro", *INPUTS], alone)
    shutil.copytree(alone, home, symlinks=True)
    remote = str(folder / "remote")
    seconds([*DVC, "remote", "add", "--quiet", "--default", "shared", remote], home)
    study = [*DVC, "repro", "--all-pipelines", "--keep-going"]
    rows = {"make study, all cores": seconds(study, alone)}
    rows["of it, trainings"] = in_trainings(alone)
    spread = [sys.executable, "tools/cluster.py", "local:2"]
    rows["make study CLUSTER=local:2"] = seconds(spread, home)
    rows["trainings of both workers, added up"] = in_trainings(home)
    # A clone as in `tools/cluster.py`: with the uncommitted changes, lock files and remote.
    seconds(["git", *AUTHOR, "commit", "--quiet", "--all", "--message", "measured"], home)
    steps = {
        "a worker's first task: git clone": ["git", "clone", "--quiet", str(home), str(clone)],
        "a worker's first task: pull inputs": [
            *DVC,
            "pull",
            *INPUTS[:-2],
        ],  # none of a variant's own
        "a task: imports of `train`": [sys.executable, "stages/train.py", "--help"],
        "a task: find what was trained in the run-cache": repro("train", "--pull"),
        "a task: evaluate, with its imports": repro("evaluate", "--force"),
        "a task: imports of `evaluate`": [sys.executable, "stages/evaluate.py", "--help"],
        "a task: push": [*DVC, "push", "--run-cache", *map(DONE.format, ("train", "evaluate"))],
    }
    rows |= {name: seconds(step, clone if clone.exists() else ROOT) for name, step in steps.items()}
    return pd.DataFrame({"seconds": rows}).round(1)


def in_trainings(checkout: Path) -> float:
    """Sum the seconds of all trainings of a finished study, without their imports."""
    runs = (checkout / "data" / "runs" / "train").glob("*.json")
    return sum(json.loads(path.read_text())["seconds"] for path in runs)


def repro(stage: str, option: str) -> list[str]:
    return [*DVC, "repro", "--single-item", option, DONE.format(stage)]


def on_paper(
    profile: Path, training: int, test: int, measured: Path, overhead: float, evaluate: float
) -> list[float]:
    """Estimate the hours of a study by number of machines, without its inputs."""
    smaller = Params.load(measured / "params.yaml").preprocess.image_size
    params = Params.load(profile)
    pixels = (params.preprocess.image_size / smaller) ** 2
    tasks = []
    for variant, _ in params.trainings():
        images = training * params.train.override(params.variants[variant].train, variant).epochs
        rate = images_per_second(measured, variant, params.variants[variant].network)
        tasks.append(overhead + (images / rate + test * evaluate) * pixels)
    return [longest_first(tasks, machines) / 3600 for machines in MACHINES]


def images_per_second(measured: Path, variant: str, network: str) -> float:
    """The rate of a variant's training, else of its network's variant, else of bn_maxpool."""
    runs = measured / "data" / "runs" / "train"
    names = (variant, network, "bn_maxpool")
    run = next(path for name in names if (path := runs / f"{name}-1.json").exists())
    return json.loads(run.read_text())["images_per_second"]


def longest_first(tasks: list[float], machines: int) -> float:
    """Return the seconds until all tasks are done."""
    busy = [0.0] * machines
    for task in sorted(tasks, reverse=True):
        heapreplace(busy, busy[0] + task)
    return max(busy)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--folder", type=Path, help="an empty or missing one, to work in")
    parser.add_argument("--measured", type=Path, help="a checkout whose study is done")
    parser.add_argument("--overhead", type=float, help="seconds of a task without the training")
    parser.add_argument("--evaluate", type=float, help="seconds a test image")
    parser.add_argument(
        "--study",
        nargs=3,
        action="append",
        default=[],
        metavar=("PROFILE", "TRAINING", "TEST"),
        help="a settings file, and how many photographs it trains and tests with",
    )
    options = parser.parse_args()
    print(f"{turns.machine()}\n")
    if options.folder:
        print(measure(options.folder).to_markdown(), "\n")
    if options.study:
        costs = (options.measured, options.overhead, options.evaluate)
        if None in costs:
            parser.error("--study needs --measured, --overhead and --evaluate")
        columns = {
            profile: on_paper(Path(profile), int(training), int(test), *costs)
            for profile, training, test in options.study
        }
        hours = pd.DataFrame(columns, index=pd.Index(MACHINES, name="machines")).T
        print(hours.round(1).rename_axis("hours of").to_markdown())
