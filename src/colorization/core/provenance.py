"""Records where and how something ran: facts that differ between runs with equal results."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorization.core.errors import ColorizationError
from colorization.core.records import Record

if TYPE_CHECKING:
    import pandas as pd

# The packages that results depend on; one of Keras' backends may be missing.
PACKAGES = ("tensorflow", "jax", "jaxlib", "keras", "numpy", "scipy", "scikit-image", "pillow")
# The environment variables that change how Keras' backends and oneDNN compute; TensorFlow's are
# among the strings in its library. No prefix would do: variables of other programs begin with TF_
# too and may hold secrets.
VARIABLES = frozenset(
    {
        "JAX_DEFAULT_MATMUL_PRECISION",
        "KERAS_BACKEND",
        "NVIDIA_TF32_OVERRIDE",
        "ONEDNN_CPU_ISA_HINTS",
        "ONEDNN_DEFAULT_FPMATH_MODE",
        "ONEDNN_MAX_CPU_ISA",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY",
        "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_EMULATE_FP16",
        "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_IGNORE_PERFORMANCE",
        "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_LEVEL",
        "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_SIMULATE_GPU",
        "TF_CUBLAS_WORKSPACE_LIMIT_IN_MB",
        "TF_CUDNN_DETERMINISTIC",
        "TF_CUDNN_DISABLE_CONV_1X1_OPTIMIZATION",
        "TF_CUDNN_RESET_RND_GEN_STATE",
        "TF_CUDNN_RNN_USE_AUTOTUNE",
        "TF_CUDNN_USE_AUTOTUNE",
        "TF_CUDNN_USE_FRONTEND",
        "TF_CUDNN_USE_RUNTIME_FUSION",
        "TF_CUDNN_WORKSPACE_LIMIT_IN_MB",
        "TF_DETERMINISTIC_ALLOCATOR",
        "TF_DETERMINISTIC_OPS",
        "TF_DETERMINISTIC_ORDER",
        "TF_DISABLE_JIT_KERNELS",
        "TF_DISABLE_RZ_CHECK",
        "TF_DISABLE_SCATTER_OP_DETERMINISM",
        "TF_DISABLE_SEGMENT_REDUCTION_OP_DETERMINISM_EXCEPTIONS",
        "TF_ENABLE_CUBLAS_TENSOR_OP_MATH_FP32",
        "TF_ENABLE_CUDNN_RNN_TENSOR_OP_MATH_FP32",
        "TF_ENABLE_CUDNN_TENSOR_OP_MATH_FP32",
        "TF_ENABLE_FFT_TILING_FORWARD",
        "TF_ENABLE_MAXPOOL_NANPROP",
        "TF_ENABLE_ONEDNN_OPTS",
        "TF_ENABLE_ONEDNN_SPMM",
        "TF_ENABLE_WINOGRAD_NONFUSED",
        "TF_ENABLE_ZENDNN_OPTS",
        "TF_GPU_THREAD_COUNT",
        "TF_GPU_THREAD_MODE",
        "TF_NUM_INTEROP_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS",
        "TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD",
        "TF_ONEDNN_USE_SYSTEM_ALLOCATOR",
        "TF_OVERRIDE_GLOBAL_THREADPOOL",
        "TF_SET_ONEDNN_FPMATH_MODE",
        "TF_USE_CUBLASLT",
        "TF_USE_CUDNN_BATCHNORM_SPATIAL_PERSISTENT",
        "TF_USE_DEEP_CONV2D",
        "TF_USE_DEFAULT_CONV_ALGO",
        "TF_USE_DETERMINISTIC_SEGMENT_REDUCTIONS",
        "TF_USE_EIGEN_PARALLEL_FOR_IN_WORK_SHARDER",
        "TF_USE_ROCM_NHWC",
        "TF_XLA_FLAGS",
        "XLA_FLAGS",
    }
)

# What computes an evaluation, of a checkout: code, commands, and the versions of packages.
CODE = ("src", "stages", "dvc.yaml", "experiments/dvc.yaml", "requirements.lock")


class Machine(Record):
    """Where something ran, and with which packages.

    `variables` are the environment variables that change how Keras' backends compute.
    """

    processor: str
    cores: int
    platform: str
    python: str
    versions: dict[str, str]
    variables: dict[str, str]


class Run(Record):
    """One run of a stage; only trainings have `images_per_second`, `devices` and `train_mse`.

    `train_mse` is that of the last epoch. It shows whether a model is the one of this run, or of
    another one that DVC restored since then.
    """

    stage: str
    seconds: float
    images_per_second: float | None = None
    devices: tuple[str, ...] | None = None
    train_mse: float | None = None
    machine: Machine


@dataclass(frozen=True)
class Provenance:
    """The facts on a report's runs that may differ although the results are the same bytes.

    Attributes
    ----------
    runs : dict of str to Run
        By stage or training, without those whose results came from a cache or a remote.
    commit : str
        Returned by `commit`; of a published study, all that `commit_of_code` returned.
    """

    runs: dict[str, Run]
    commit: str


def read_runs(files: dict[str, Path]) -> dict[str, Run]:
    """Read the records of runs by name; a missing file means that it did not run here."""
    return {name: Run.read(file) for name, file in files.items() if file.exists()}


def last_runs(files: Mapping[str, Path], histories: "Mapping[str, pd.DataFrame]") -> dict[str, Run]:
    """Read the records of the last runs in a workspace, as far as they are of its results.

    DVC does not know these files: it restores results without them, and leaves those of other runs.

    Parameters
    ----------
    files : mapping of str to path
        By stage or training. Missing ones, and those that cannot be read, are left out.
    histories : mapping of str to DataFrame
        The histories of the trainings at hand, by the same names. Records without `train_mse`, of
        before it was recorded, are taken for theirs.
    """
    runs: dict[str, Run] = {}
    for name, file in files.items():
        with suppress(ColorizationError):
            runs |= read_runs({name: file})
    return {
        name: run
        for name, run in runs.items()
        if name not in histories or run.train_mse in (None, histories[name]["train_mse"].iloc[-1])
    }


def machine() -> Machine:
    """Describe this machine and the packages that results depend on."""
    return Machine(
        processor=cpu_info().get("model name") or platform.processor() or platform.machine(),
        cores=_usable_cores(),
        platform=platform.platform(),
        python=platform.python_version(),
        versions=_versions(),
        variables={name: os.environ[name] for name in sorted(VARIABLES & set(os.environ))},
    )


def _versions() -> dict[str, str]:
    """Return the versions of the installed packages among `PACKAGES`."""
    versions = {}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def environment() -> dict[str, Any]:
    """Return all that the bits of a result depend on, except commit, data and settings."""
    return machine().model_dump(exclude={"platform"})


def commit(root: Path, *results: Path) -> str:
    """Return the commit of a checkout, and whether its sources differ from it.

    Parameters
    ----------
    root : Path
    *results : Path
        Paths relative to `root` that the pipeline writes. Changes in them are ignored, as are
        changes of lock files.

    Returns
    -------
    str
        "unknown" outside a git repository.
    """
    sources = [".", *(f":!{path}" for path in results), ":(exclude,glob)**/dvc.lock"]
    return _revision(root, ["rev-parse", "--short=12", "HEAD"], sources)


def commit_of_code(root: Path) -> str:
    """Return the last commit of a checkout that changed `CODE`.

    Also whether the checkout has uncommitted changes to it.

    Commits of results, texts or settings are passed over, so that all that the same code computed
    has the same commit. Files beside the code, such as photographs, are no changes.

    Parameters
    ----------
    root : Path

    Returns
    -------
    str
        "unknown" outside a git repository, and without any such commit.
    """
    return _revision(
        root, ["rev-list", "-1", "--abbrev-commit", "--abbrev=12", "HEAD", "--", *CODE], CODE
    )


def _revision(root: Path, commit: Sequence[str], sources: Sequence[str]) -> str:
    """What a command of git prints, and whether the sources have uncommitted changes."""
    try:
        revision = _git(root, *commit)
        changed = _git(root, "status", "--porcelain", "--untracked-files=normal", "--", *sources)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    if not revision:
        return "unknown"
    return f"{revision} with uncommitted changes" if changed else revision


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_info() -> dict[str, str]:
    """Return Linux's description of the first processor, by name; empty on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in reversed(lines))
    return {name.strip(): value.strip() for name, _, value in pairs}
