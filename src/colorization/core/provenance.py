"""Where and how something ran: what differs from run to run, kept apart from what does not."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from colorization.core.records import Record

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-image", "pillow", "dvc")
# TensorFlow's environment variables, by stem: Terraform's begin with TF_ too, and hold secrets.
OF_TENSORFLOW = tuple(
    f"TF_{stem}_"
    for stem in (
        *("AUTO", "CUBLAS", "CUDNN", "DETERMINISTIC", "DISABLE", "ENABLE", "FORCE", "GPU"),
        *("NUM", "ONEDNN", "OVERRIDE", "SET", "USE", "XLA"),
    )
)


class Machine(Record):
    """Where something ran, and with which packages.

    `variables` are the environment variables by which TensorFlow is told how to compute.
    """

    processor: str
    cores: int
    platform: str
    python: str
    versions: dict[str, str]
    variables: dict[str, str]


class Run(Record):
    """One run of a stage: what differs from the next one, though it gives the same bytes.

    `images_per_second` and `devices` are of trainings alone.
    """

    stage: str
    seconds: float
    images_per_second: float | None = None
    devices: tuple[str, ...] | None = None
    machine: Machine


@dataclass(frozen=True)
class Circumstances:
    """What differs from run to run, though the results are the same bytes.

    Attributes
    ----------
    runs : dict of str to Run
        By stage or training; without those that were not run here, but taken from a cache or a
        remote.
    commit : str
        As `commit` returns it.
    """

    runs: dict[str, Run]
    commit: str


def read_runs(files: dict[str, Path]) -> dict[str, Run]:
    """Read what ran here, by name; what did not has left no file."""
    return {name: Run.read(file) for name, file in files.items() if file.exists()}


def machine() -> Machine:
    """Describe this machine, and the packages that results depend on."""
    return Machine(
        processor=_processor(),
        cores=_usable_cores(),
        platform=platform.platform(),
        python=platform.python_version(),
        versions={package: metadata.version(package) for package in PACKAGES},
        variables={
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(("ONEDNN_", *OF_TENSORFLOW))
        },
    )


def environment() -> dict[str, Any]:
    """What the bits of a result depend on beside commit, data and settings."""
    return machine().model_dump(exclude={"platform"})


def commit(root: Path, results: Path) -> str:
    """The commit of a checkout, and whether its sources differ from it.

    Parameters
    ----------
    root : Path
    results : Path
        A folder, relative to `root`, that the pipeline itself writes: like the lock files, a
        change there does not make the sources dirty.

    Returns
    -------
    str
        "unknown" outside of git.
    """
    sources = [".", f":!{results}", ":(exclude,glob)**/dvc.lock"]
    try:
        revision = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=normal", "--", *sources)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{revision} with uncommitted changes" if changed else revision


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
