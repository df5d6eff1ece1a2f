"""A computation counts the code that it computes with, and no other."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml

from colorization.backbones.weights import Pretrained
from conftest import TINY, environment, merge
from first_party import ROOT, imported_files
from samples import examples

# Tells its identity, then again after each of some changes of a file.
PROGRAM = """
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "src"))

from colorization.networks import catalog
from colorization.core import identity

identity.provenance.environment = dict
catalog.load("l2")


def tell():
    return identity.identify({}, [], root / "memory.json")


before = tell()
for name in sys.argv[1:]:
    file = root / name
    content = file.read_text()
    file.write_text(content + "\\n# changed\\n")
    print(name, tell() != before)
    file.write_text(content)
    assert tell() == before
"""


def test_the_identity_changes_with_the_code_that_is_imported_and_with_no_other(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "stages").mkdir()
    script = tmp_path / "stages" / "tell.py"
    script.write_text(PROGRAM)
    (tmp_path / "stages" / "other.py").write_text("")
    counted = {
        "stages/tell.py": True,
        "stages/other.py": False,
        "src/colorization/architectures/l2.py": True,
        "src/colorization/architectures/deeper.py": False,
        "src/colorization/networks/blocks.py": True,
        "src/colorization/networks/vgg.py": False,
        "src/colorization/core/files.py": False,
        "src/colorization/core/identity.py": False,
        "src/colorization/scoring/metrics.py": False,
    }
    told = subprocess.run(
        [sys.executable, str(script), *counted],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = dict(line.rsplit(" ", 1) for line in told.splitlines())
    assert found == {name: str(changes) for name, changes in counted.items()}


def code_hashed_by(folder: Path, stage: str, *options: str) -> set[str]:
    """Run a stage of this checkout in a folder; which code its identity is of."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    merge(settings, TINY | {"train": {"epochs": 1, "num_val_images": 1}})
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, str(ROOT / "stages" / f"{stage}.py"), "--params", "params.yaml"]
    subprocess.run(
        [*command, "--memory", "memory.json", "--unfinished", "unfinished", *options],
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
    )
    hashed = json.loads((folder / "memory.json").read_text())
    return {Path(name).relative_to(ROOT).as_posix() for name in hashed if name.endswith(".py")}


def imported_by(*scripts: str) -> set[str]:
    """What they import, directly or not, but for what changes no result."""
    files: set[str] = set().union(*(imported_files(ROOT / script) for script in scripts))
    return {
        file
        for file in files
        if not file.startswith("src/colorization/core/") and file != "stages/_stage.py"
    }


def data(folder: Path) -> None:
    for part, count in (("train", 4), ("validation", 2), ("test", 2)):
        examples(folder / "lab" / part, count)


def test_a_training_is_identified_by_all_code_of_its_stage_and_its_variant(tmp_path: Path) -> None:
    data(tmp_path)
    embeddings = tmp_path / "embeddings"
    embeddings.mkdir()
    for part, count in (("train", 4), ("validation", 2)):
        np.save(embeddings / f"{part}.npy", np.zeros((count, 1000), np.float32))
    np.save(embeddings / "normalization.npy", np.ones((2, 1000), np.float32))
    Pretrained(network="mobilenet_v2", weights="random").write(embeddings / "identity.json")
    hashed = code_hashed_by(
        tmp_path,
        "train",
        *("--arrays_folder", "lab", "--embeddings", "embeddings", "--out", "models/a"),
        *("--variant", "baseline", "--seed", "1"),
    )
    assert hashed == imported_by("stages/train.py", "src/colorization/architectures/baseline.py")


def test_embeddings_are_identified_by_all_code_of_their_stage(tmp_path: Path) -> None:
    data(tmp_path)
    (tmp_path / "weights.txt").write_text("random\n")
    hashed = code_hashed_by(
        tmp_path,
        "embed",
        *("--arrays_folder", "lab", "--weights", "weights.txt", "--out", "embeddings"),
    )
    assert hashed == imported_by("stages/embed.py")


def test_worker_processes_start_without_keras() -> None:
    """They import the module of the function that they call; TensorFlow would take seconds."""
    working = {
        module
        for path in (ROOT / "src").rglob("*.py")
        for module in worked_by_others(path.read_text(), module_name(path))
    }
    assert {"colorization.scoring.one_image", "colorization.training.one_image"} <= working
    program = f"import sys, {', '.join(sorted(working))}; sys.exit('keras' in sys.modules)"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, env=environment(), check=False).returncode == 0


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)


def worked_by_others(source: str, module: str) -> set[str]:
    """The modules of the functions that a module gives to joblib."""
    tree = ast.parse(source)
    origins = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return {
        origins.get(call.args[0].id, module)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "delayed"
        and isinstance(call.args[0], ast.Name)
    }
