"""A computation is identified by the code that it imports, and by no other."""

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from subprocess import DEVNULL

import numpy as np
import pandas as pd
import yaml

from colorization.core.model_records import Pretrained
from colorization.core.splits import SPLITS
from colorization.networks import catalog
from colorization.networks.inputs import write_inputs
from conftest import TINY, environment, merge
from first_party import ROOT, imported_files
from samples import VARIANTS, colors_of_scenes, encoded, examples, name_embeddings, pack, scene

# Prints whether the identity changes with each of some groups of files.
PROGRAM = """
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "src"))

from colorization.networks import catalog
from colorization.core import identity

identity.provenance.environment = dict
catalog.load("l2")


def current():
    return identity.identify({}, [], root / "hashes.json")


before = current()
for group in sys.argv[1:]:
    contents = {root / name: (root / name).read_text() for name in group.split()}
    for file, content in contents.items():
        file.write_text(content + "\\n# changed\\n")
    print(current() != before)
    for file, content in contents.items():
        file.write_text(content)
assert current() == before
"""


def test_the_identity_changes_with_the_code_that_is_imported_and_with_no_other(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "stages").mkdir()
    script = tmp_path / "stages" / "script.py"
    script.write_text(PROGRAM)
    (tmp_path / "stages" / "other.py").write_text("")
    imported = [
        "stages/script.py",
        "src/colorization/architectures/l2.py",
        "src/colorization/networks/blocks.py",
    ]
    others = [
        "stages/other.py",
        "src/colorization/architectures/deeper.py",
        "src/colorization/networks/vgg.py",
        "src/colorization/core/files.py",
        "src/colorization/core/identity.py",
        "src/colorization/scoring/metrics.py",
    ]
    printed = subprocess.run(
        [sys.executable, str(script), *imported, " ".join(others)],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == ["True"] * len(imported) + ["False"]


def code_hashed_by(folder: Path, stage: str, *arguments: str) -> set[str]:
    """Start a stage of this checkout in a folder; return the code of which its identity is made."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    merge(settings, TINY | {"train": {"epochs": 1, "num_val_images": 1}})
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, str(ROOT / "stages" / f"{stage}.py"), *arguments]
    hashes = folder / ".dvc/tmp/sha256.json"
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=DEVNULL) as process:
        while not hashes.exists():  # written at once, before the computation begins
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    hashed = json.loads(hashes.read_text())
    return {Path(name).relative_to(ROOT).as_posix() for name in hashed if name.endswith(".py")}


def imported_by(*scripts: str) -> set[str]:
    """The files that scripts import, directly or not, without those that change no result."""
    files: set[str] = set().union(*(imported_files(ROOT / script) for script in scripts))
    return {file for file in files if not file.startswith(("src/colorization/core/", "stages/_"))}


def data(folder: Path) -> None:
    for split, count in (("train", 4), ("validation", 2), ("test", 2)):
        examples(folder / "data/lab" / split, count)


def test_a_training_is_identified_by_all_code_of_its_stage_and_its_network(tmp_path: Path) -> None:
    data(tmp_path)
    (tmp_path / "data/colors").mkdir()
    colors_of_scenes().write(tmp_path / "data/colors")
    embeddings = tmp_path / "embeddings"
    embeddings.mkdir()
    for split, count in (("train", 4), ("validation", 2)):
        np.save(embeddings / f"{split}.npy", np.zeros((count, 1000), np.float32))
    name_embeddings(embeddings, {"train": 4, "validation": 2})
    np.save(embeddings / "normalization.npy", np.ones((2, 1000), np.float32))
    Pretrained(network="mobilenet_v2", weights="random").write(embeddings / "identity.json")
    inputs = tmp_path / "data/inputs/baseline"
    inputs.mkdir(parents=True)
    write_inputs(VARIANTS["baseline"], catalog.source("baseline"), Path(), embeddings, inputs)
    architectures = "src/colorization/architectures"
    assert code_hashed_by(tmp_path, "train", "baseline", "1") == imported_by(
        "stages/train.py", f"{architectures}/__init__.py", f"{architectures}/baseline.py"
    )


def test_embeddings_are_identified_by_all_code_of_their_stage(tmp_path: Path) -> None:
    names = [f"{split}.png" for split in SPLITS]
    (tmp_path / "data").mkdir()
    pack(tmp_path / "data/raw.zip", {name: encoded(scene(1)) for name in names})
    table = pd.DataFrame({"name": names, "split": SPLITS})
    table.to_csv(tmp_path / "data/split.csv", index=False)
    weights = tmp_path / "data/weights/embed.json"
    Pretrained(network="mobilenet_v2", weights="random").write(weights)
    assert code_hashed_by(tmp_path, "embed") == imported_by("stages/embed.py")


def test_worker_processes_start_without_keras() -> None:
    """They import the module of the function that they call, and should start fast."""
    modules = {
        module
        for path in (ROOT / "src").rglob("*.py")
        for module in run_by_workers(path.read_text(), module_name(path))
    }
    assert {"colorization.scoring.one_image", "colorization.training.one_image"} <= modules
    program = f"import sys, {', '.join(sorted(modules))}; sys.exit('keras' in sys.modules)"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, env=environment(), check=False).returncode == 0


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)


def run_by_workers(source: str, module: str) -> set[str]:
    """The modules of the functions that a module passes to joblib."""
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
