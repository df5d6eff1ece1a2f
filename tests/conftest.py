"""A temporary repository with this project's pipeline at tiny settings, run by the real DVC."""

import gc
import json
import os
import shutil
import subprocess
import sys
import urllib.error
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

import memory
import shared

ROOT = Path(__file__).resolve().parent.parent
PIPELINE_FILES = (
    ".dvc/.gitignore",
    ".dvc/config",
    ".dvcignore",
    ".gitignore",
    "dvc.yaml",
    "experiments/dvc.yaml",
    "data/embeddings/none/README.md",
)
TINY: dict[str, Any] = {
    "download": {"scenes": {"count": 30, "width": 48, "height": 40}},
    "split": {"ratios": [0.6, 0.2, 0.2]},
    "preprocess": {"image_size": 32},
    "embed": {"network": "mobilenet_v2"},
    "train": {"epochs": 2, "num_val_images": 4},
    "variants": {  # with the embedding, with an encoder and vividness, with a control embedding
        "bn_maxpool": {"network": "bn_maxpool", "embedding": "imagenet", "encoder": "none"},
        "mobilenet_unet": {
            "network": "mobilenet_unet",
            "embedding": "none",
            "encoder": "mobilenet_v2",
            "train": {"schedule": "cosine"},
        },
        "another_photograph": {
            "network": "bn_maxpool",
            "embedding": "another_photograph",
            "encoder": "none",
        },
    },
    "study": {"controls": ["another_photograph"]},
    "evaluate": {"num_samples": 3, "num_best_worst": 2},
}


MOST_WORKERS = 4  # each takes more than 1 GB

# TensorFlow's own allocator for oneDNN never gives memory back: networks that are long gone would
# take 1 GB of each worker.
os.environ["TF_ONEDNN_USE_SYSTEM_ALLOCATOR"] = "1"
memory.allocate_large_arrays_alone()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, since many tests wait for files and processes."""
    return min(MOST_WORKERS, (os.cpu_count() or 1) + 1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the reproduced projects first.

    They are the longest, and the workers share the projects. pytest-xdist gives them all to one
    worker, which makes the projects, while the others do the rest.
    """
    items.sort(key=lambda item: not {"first_run", "study"} & set(getattr(item, "fixturenames", ())))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over half a million objects of imported modules.

    For good: a conversion to ONNX, which freezes all objects for a while, would unfreeze them too.
    Full collections are rare otherwise, since `_memory` frees what takes much memory.
    """
    gc.collect()
    gc.freeze()
    vars(gc).update(unfreeze=lambda: None)
    gc.set_threshold(700, 10, 100)


class Project:
    """A git and DVC repository that holds the pipeline."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def copy(self, root: Path) -> "Project":
        """Another repository like this one, whose hard links between cache and outputs remain."""
        subprocess.run(["cp", "-a", self.root, root], check=True)
        return Project(root)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the repository; its stdout and stderr come together in `stdout`."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command in the repository, with options of Popen."""
        return subprocess.Popen(command, cwd=self.root, env=environment(), text=True, **options)

    def succeed(self, *command: str) -> str:
        """Run a command that must succeed, and return what it printed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def read_json(self, *command: str) -> dict:
        """Run a command that must succeed, and read what it printed to stdout."""
        done = subprocess.run(
            [*command, "--json"],
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    def commit(self) -> str:
        """Commit everything and return the revision."""
        self.succeed("git", "add", "--all")
        self.succeed("git", "commit", "--quiet", "--message", "State")
        return self.succeed("git", "rev-parse", "HEAD").strip()

    def update_params(self, changes: dict) -> None:
        """Merge changes into params.yaml."""
        path = self.root / "params.yaml"
        params = yaml.safe_load(path.read_text())
        merge(params, changes)
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def locked(self) -> dict[str, dict]:
        """What both lock files hold of each stage that was made."""
        return {
            name: stage
            for lock in ("dvc.lock", "experiments/dvc.lock")
            for name, stage in yaml.safe_load((self.root / lock).read_text())["stages"].items()
        }

    def locked_outputs(self) -> dict[str, str]:
        """The md5 of each output in both lock files."""
        return {
            out["path"]: out["md5"] for stage in self.locked().values() for out in stage["outs"]
        }


def environment() -> dict[str, str]:
    """The tests' environment, with their Python's commands first on PATH, and without a network.

    Stages process the few images by themselves: starting joblib's workers takes longer.
    """
    commands = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "LOKY_MAX_CPU_COUNT": "1",
        "HTTP_PROXY": "http://127.0.0.1:9",  # where nobody listens
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }


def stages_run(output: str) -> list[str]:
    """The stages that DVC ran, in order, by their short names; `check` always runs first."""
    lines = [line for line in output.splitlines() if line.startswith("Running stage '")]
    names = [line.split("'")[1].removeprefix("experiments/dvc.yaml:") for line in lines]
    assert names[0] == "check"
    return names[1:]


def fresh_project(root: Path) -> Project:
    """Copy the pipeline into a new repository, at tiny settings, and commit it."""
    root.mkdir(parents=True, exist_ok=True)
    for name in PIPELINE_FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    shutil.copyfile(ROOT / "profiles/quick.yaml", root / "params.yaml")
    for folder in ("src", "stages"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    project = Project(root)
    project.update_params(TINY)
    project.succeed("git", "init", "--quiet")
    project.commit()
    return project


@pytest.fixture(autouse=True, scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all workers share a folder."""
    folder = tmp_path_factory.getbasetemp()
    shared.folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def first_run() -> tuple[Project, str]:
    """A committed repository after its first `dvc repro`, and what that printed: read only."""

    def make(root: Path) -> str:
        project = fresh_project(root)
        output = project.succeed("dvc", "repro")
        project.commit()
        return output

    root, output = shared.made_once("first-run", make)
    return Project(root), output


@pytest.fixture
def project(first_run: tuple[Project, str], tmp_path: Path) -> Project:
    """A copy of the reproduced repository, to do with as a test likes."""
    return first_run[0].copy(tmp_path / "project")


@pytest.fixture(scope="session")
def study(first_run: tuple[Project, str]) -> tuple[Project, str, str]:
    """A committed repository in which everything is made: read only.

    With what `dvc repro` of all pipelines printed where an encoder was missing, and when it was
    there.
    """

    def make(root: Path) -> list[str]:
        project = first_run[0].copy(root)
        project.update_params({"encoders": {"mobilenet_v2": "none.h5"}})
        failed = project.run("dvc", "repro", "--all-pipelines", "--keep-going")
        assert failed.returncode != 0
        project.update_params({"encoders": {"mobilenet_v2": "random"}})
        mended = project.succeed("dvc", "repro", "--all-pipelines", "--keep-going")
        project.commit()
        return [failed.stdout, mended]

    root, (failed, mended) = shared.made_once("study", make)
    return Project(root), failed, mended


@pytest.fixture(scope="session")
def ordinary() -> Sequence[str]:
    """What runs a command without root's right to pass over permissions.

    The command stays root's, since others may not be allowed to enter the folder of these sources.
    """
    if os.geteuid():
        return ()
    command = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    probe = [*command, sys.executable, "-c", "import colorization"]
    if not shutil.which("setpriv") or subprocess.run(probe, check=False).returncode:
        pytest.skip("root passes over permissions here, or reads these sources by that alone")
    return command


@pytest.fixture(autouse=True)
def _memory() -> Iterator[None]:
    """After each test, let go of its networks if they take much memory."""
    yield
    memory.free_networks_if_grown()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keras finds neither the network nor what it downloaded before."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise urllib.error.URLError("Temporary failure in name resolution")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", refuse)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))


def merge(into: dict, changes: dict) -> None:
    """Change values of nested dicts in place, but replace `variants`; `changes` stays as it is."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict) and key != "variants":
            merge(into[key], value)
        else:
            into[key] = value
