"""Errors that a user can cause: one line, no traceback, and no incomplete output."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import yaml
from PIL import Image

from colorization.core.errors import ColorizationError
from colorization.core.model_records import Pretrained
from colorization.core.tables import read_table
from colorization.networks import catalog
from colorization.networks.inputs import write_inputs
from conftest import ROOT, TINY, environment, merge
from samples import VARIANTS, cache, colors_of_scenes, examples, pack, scene

Settings = dict[str, Any] | str


@pytest.fixture
def params(tmp_path: Path) -> dict:
    """The committed parameters at tiny settings; tests change them and run a stage."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    merge(settings, TINY)
    settings["variants"]["vgg16_repeat"] = VARIANTS["vgg16_repeat"].model_dump()
    return settings


def write_params(folder: Path, params: Settings) -> None:
    text = params if isinstance(params, str) else yaml.safe_dump(params)
    (folder / "params.yaml").write_text(text)


Stage = Callable[..., None]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Calls a stage's main in this process, in the test's folder, with some parameters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "stages")
    # `_stage` redirects stderr when it is imported; the tests that need it run the whole script.
    substitute = ModuleType("_stage")
    substitute.run = substitute.run_file = substitute.Measurements = None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "_stage", substitute)

    def call(name: str, params: Settings, *arguments: object) -> None:
        write_params(tmp_path, params)
        spec = importlib.util.spec_from_file_location(name, ROOT / "stages" / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.main(*arguments)

    return call


@pytest.fixture
def error_of(stage: Stage) -> Callable[..., str]:
    """Calls a stage's main, which must fail, and returns the error's only line."""

    def call(name: str, params: Settings, *arguments: object) -> str:
        with pytest.raises(ColorizationError) as caught:
            stage(name, params, *arguments)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return call


ErrorOf = Callable[..., str]


def start(
    folder: Path,
    params: Settings,
    name: str,
    *arguments: str,
    largest_file: int | None = None,
    prefix: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start a stage as a script; files larger than `largest_file` bytes cannot be written."""
    write_params(folder, params)
    command = [*prefix, sys.executable, str(ROOT / "stages" / f"{name}.py"), *arguments]
    if largest_file:
        blocks = largest_file // 512  # POSIX's unit
        command = ["sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh", *command]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def last_line(process: subprocess.Popen[str]) -> str:
    """The last line of a stage that must fail, without a traceback."""
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in errors
    return errors.splitlines()[-1]


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Let children heed interrupts, which a shell tells its background jobs to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "photos.zip",
            "download.source must be scenes, mirflickr25k, bsds500, an http(s) URL, or the path of "
            "a zip, a tar or a folder; found 'photos.zip', which does not exist",
        ),
        ("x" * 300, f"{'x' * 300}: File name too long"),
    ],
    ids=["error of our own", "error of the system"],
)
def test_a_script_prints_the_error_after_its_name_and_writes_nothing(
    tmp_path: Path, params: dict, source: str, message: str
) -> None:
    params["download"]["source"] = source
    assert last_line(start(tmp_path, params, "check")) == f"check: {message}"
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_the_pipelines_own_archive_is_refused_as_source(
    tmp_path: Path, params: dict, error_of: ErrorOf
) -> None:
    (tmp_path / "data").mkdir()
    pack(tmp_path / "data/raw.zip", {"a.jpg": b"x"})
    params["download"]["source"] = "./data/raw.zip"
    assert error_of("check", params) == (
        "download.source: data/raw.zip is what `download` writes; give the archive another place"
    )


def test_a_file_that_is_not_an_archive_is_refused(
    tmp_path: Path, params: dict, error_of: ErrorOf
) -> None:
    (tmp_path / "photos.zip").write_text("text")
    params["download"]["source"] = "photos.zip"
    assert error_of("check", params) == (
        "download.source: photos.zip is neither a zip, a tar nor a folder"
    )


def test_a_zip_without_images_is_refused(tmp_path: Path, params: dict, error_of: ErrorOf) -> None:
    pack(tmp_path / "texts.zip", {"readme.txt": b"text", "__MACOSX/a.jpg": b"junk"})
    params["download"]["source"] = "texts.zip"
    assert error_of("check", params).startswith("texts.zip: ")


def test_a_folder_without_images_is_refused(
    tmp_path: Path, params: dict, error_of: ErrorOf
) -> None:
    (tmp_path / "photos").mkdir()
    params["download"]["source"] = "photos"
    assert error_of("check", params).startswith("download.source: photos ")


@pytest.mark.parametrize("source", ["scenes", "bsds500"])
def test_labels_of_a_source_that_has_none_are_refused_before_anything_is_done(
    params: dict, error_of: ErrorOf, source: str
) -> None:
    params["download"] |= {"source": source, "labels": "mirflickr25k"}
    assert error_of("check", params) == (
        f"params.yaml: download.labels must be none for {source}: labels number the photographs of "
        "MIRFLICKR-25000; found 'mirflickr25k'"
    )


def test_labels_that_number_other_photographs_are_refused(
    tmp_path: Path, params: dict, error_of: ErrorOf, stage: Stage
) -> None:
    for split, name in {"train": "im1.jpg", "validation": "im2.jpg", "test": "im3.jpg"}.items():
        (tmp_path / "data" / "lab" / split).mkdir(parents=True)
        cache(tmp_path / "data" / "lab" / split, [name], [scene(1, 32, 32)])
    pack(tmp_path / "labels.zip", {"sky.txt": b"1\n3\n", "sea.txt": b"3\n"})
    pack(tmp_path / "others.zip", {"sky.txt": b"4\n"})
    params["download"] |= {"source": "photographs", "labels": "others.zip"}
    assert error_of("labels", params).startswith("download.labels must be none for these ")
    assert not (tmp_path / "data" / "labels.csv").exists()
    params["download"]["labels"] = "labels.zip"
    stage("labels", params)
    table = read_table(tmp_path / "data" / "labels.csv")
    assert table.to_numpy().tolist() == [
        ["im1.jpg", "sky"],
        ["im3.jpg", "sea"],
        ["im3.jpg", "sky"],
    ]
    colors = read_table(tmp_path / "data" / "label_colors.csv")
    assert colors["subset"].tolist() == ["nature only", "sky"]  # of training photographs


@pytest.mark.parametrize("source", ["pipe", "/dev/zero", "zeros.zip"])
def test_a_pipe_or_device_is_refused_unread(
    tmp_path: Path, params: dict, error_of: ErrorOf, source: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros.zip").symlink_to("/dev/zero")
    params["download"]["source"] = source
    expected = f"download.source: {source} is neither a zip, a tar nor a folder"
    assert error_of("check", params) == error_of("download", params) == expected
    assert not list(tmp_path.glob("data/*raw.zip*"))


@pytest.mark.parametrize("source", ["itself.zip", "~nobody_here/x.zip"])
def test_a_path_to_nowhere_is_refused(
    tmp_path: Path, params: dict, error_of: ErrorOf, source: str
) -> None:
    (tmp_path / "itself.zip").symlink_to("itself.zip")
    params["download"]["source"] = source
    assert error_of("check", params).endswith(f"found {source!r}, which does not exist")


def make_photos(folder: Path) -> None:
    (folder / "photos" / "more").mkdir(parents=True)
    for name in ("a.jpg", "more/b.jpg"):
        (folder / "photos" / name).write_bytes(b"x")
    pack(folder / "photos.zip", {"a.jpg": b"x"})


@pytest.mark.parametrize(
    ("source", "unreadable", "mode", "named"),
    [
        ("photos.zip", "photos.zip", 0o000, "photos.zip"),
        ("photos", "photos", 0o000, "photos/"),
        ("photos", "photos", 0o400, "photos/a.jpg"),
        ("photos", "photos/more", 0o000, "photos/more/"),
        ("photos", "photos/a.jpg", 0o000, "photos/a.jpg"),
        ("photos/more/b.jpg", "photos/more", 0o000, "photos/more/b.jpg"),
    ],
)
def test_an_unreadable_file_or_folder_is_named(
    tmp_path: Path,
    params: dict,
    ordinary: Sequence[str],
    source: str,
    unreadable: str,
    mode: int,
    named: str,
) -> None:
    make_photos(tmp_path)
    (tmp_path / unreadable).chmod(mode)
    params["download"]["source"] = source
    try:
        message = last_line(start(tmp_path, params, "check", prefix=ordinary))
    finally:
        (tmp_path / unreadable).chmod(0o700)
    assert message == f"check: {named}: Permission denied"
    assert not (tmp_path / "data").exists()


ODD = "epochs: " + "9" * 5000
BOMB = "\n".join(
    f"bomb{level}: &bomb{level} [{', '.join([f'*bomb{level - 1}' if level else 'lol'] * 9)}]"
    for level in range(30)
)


@pytest.mark.parametrize("text", [ODD, BOMB], ids=["long value", "aliases"])
def test_a_hostile_params_file_is_refused_by_all_its_readers(
    tmp_path: Path, error_of: ErrorOf, text: str
) -> None:
    message = error_of("check", text)
    assert message.startswith("params.yaml: ")
    assert error_of("download", text) == message
    validate = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "validate.py"), "params.yaml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (validate.returncode, validate.stderr) == (1, f"{message}\n")


def test_a_zip_of_text_files_called_jpg_is_refused(
    tmp_path: Path, params: dict, error_of: ErrorOf
) -> None:
    (tmp_path / "data").mkdir()
    pack(tmp_path / "data/raw.zip", {f"{index}.jpg": b"text" for index in range(3)})
    message = error_of("split", params)
    assert message.startswith("data/raw.zip: none of its 3 images is usable; for example 0.jpg")
    assert message.endswith("not an image")
    assert not (tmp_path / "data/split.csv").exists()


def test_too_few_images_for_the_ratios_are_refused(
    tmp_path: Path, params: dict, error_of: ErrorOf
) -> None:
    Image.fromarray(np.full((40, 40, 3), 99, np.uint8)).save(tmp_path / "one.png")
    (tmp_path / "data").mkdir()
    pack(tmp_path / "data/raw.zip", {"one.png": (tmp_path / "one.png").read_bytes()})
    assert error_of("split", params).startswith("1 images at split.ratios [0.6, 0.2, 0.2] leave ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("inputs", "the variant must be one of another_photograph, bn_maxpool, "),
        ("embed_control", "the control must be one of imagenet_raw, random_network, "),
    ],
)
def test_an_unknown_argument_is_refused_with_the_choices(
    params: dict, error_of: ErrorOf, name: str, message: str
) -> None:
    line = error_of(name, params, "typo")
    assert line.startswith(message)
    assert line.endswith("; found typo")


def test_missing_weights_are_refused_if_the_chosen_variant_needs_them(
    params: dict, error_of: ErrorOf
) -> None:
    params["embed"]["weights"] = "weights.h5"
    assert error_of("check", params) == (
        "embed.weights must be random, imagenet, or the path of a weights file; "
        "found 'weights.h5', which does not exist"
    )
    params["encoders"]["vgg16"] = "vgg16.h5"
    params["model"]["variant"] = "vgg16_repeat"
    assert error_of("check", params) == (
        "encoders.vgg16 must be random, imagenet, or the path of a weights file; "
        "found 'vgg16.h5', which does not exist"
    )


def test_weights_that_the_chosen_variant_does_not_need_may_be_missing(
    tmp_path: Path, params: dict, stage: Stage
) -> None:
    params["encoders"]["vgg19"] = "vgg19.h5"
    params["embed"]["weights"] = "inception.h5"
    params["model"]["variant"] = "vgg16_repeat"
    stage("check", params)
    assert (tmp_path / "data/source.txt").read_text() == "scenes\n"
    weights = {path.stem: Pretrained.read(path) for path in (tmp_path / "data/weights").iterdir()}
    assert weights == {
        "embed": Pretrained(network="mobilenet_v2", weights="missing"),
        "none": Pretrained(network="none", weights="none"),
        "efficientnet_lite2": Pretrained(network="efficientnet_lite2", weights="random"),
        "mobilenet_v2": Pretrained(network="mobilenet_v2", weights="random"),
        "vgg16": Pretrained(network="vgg16", weights="random"),
        "vgg19": Pretrained(network="vgg19", weights="missing"),
    }


def test_weights_of_another_network_are_refused(
    tmp_path: Path, params: dict, error_of: ErrorOf
) -> None:
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    params["embed"]["weights"] = "other.weights.h5"
    (tmp_path / "data").mkdir()
    (tmp_path / "data/split.csv").write_text("name,split\n0.jpg,train\n")
    Pretrained(network="mobilenet_v2", weights="identity").write(
        tmp_path / "data/weights/embed.json"
    )
    assert error_of("embed", params).startswith(
        "embed.weights: other.weights.h5 does not contain weights of mobilenet_v2 ("
    )
    assert not (tmp_path / "data/embeddings").exists()


def write_training_data(folder: Path, variant: str) -> None:
    """The inputs of a training without embedding."""
    for split, count in (("train", 8), ("validation", 2)):
        examples(folder / "data/lab" / split, count)
    (folder / "data/colors").mkdir()
    colors_of_scenes().write(folder / "data/colors")
    inputs = folder / "data/inputs" / variant
    inputs.mkdir(parents=True)
    line = VARIANTS[variant]
    encoder = folder / "encoder.json"
    Pretrained(network=line.encoder, weights="random").write(encoder)
    write_inputs(line, catalog.source(line.network), encoder, Path(), inputs)


@pytest.mark.parametrize(
    ("largest_file", "failed"),
    [
        pytest.param(
            2**20, "models/.vgg16_repeat-1.*.partial/model.weights.h5", marks=pytest.mark.soak
        ),
        (2**26, ".dvc/tmp/training/vgg16_repeat-1/*/.epoch-000001.*.partial/state.weights.h5"),
    ],
)
def test_a_full_disk_is_reported_in_one_line_with_the_file(
    tmp_path: Path, params: dict, largest_file: int, failed: str
) -> None:
    write_training_data(tmp_path, "vgg16_repeat")
    arguments = "vgg16_repeat", "1"
    process = start(tmp_path, params, "train", *arguments, largest_file=largest_file)
    assert fnmatch(last_line(process), f"train: {failed}: File too large")
    assert not [*(tmp_path / "models").iterdir(), *tmp_path.glob(".dvc/tmp/training/*/*/*")]


@pytest.mark.parametrize("why", ["pipe", "full disk"])
def test_a_folder_that_cannot_be_copied_is_reported_with_its_first_file(
    tmp_path: Path, why: str
) -> None:
    (tmp_path / "from" / "sub").mkdir(parents=True)
    (tmp_path / "from" / "sub" / "a").write_text("a")
    if why == "pipe":
        os.mkfifo(tmp_path / "from" / "sub" / "pipe")
    program = (
        "import errno, shutil\n"
        "def full(source, out): raise OSError(errno.ENOSPC, 'No space left on device', out)\n"
        "def main() -> None:\n"
        f"    copy = {'shutil.copy2' if why == 'pipe' else 'full'}\n"
        "    shutil.copytree('from', 'to', copy_function=copy)\n"
    )
    reason = {
        "pipe": "to/sub/pipe: `from/sub/pipe` is a named pipe",
        "full disk": "to/sub/a: No space left on device",
    }
    done = run_as_stage(tmp_path, program)
    assert (done.returncode, done.stderr) == (1, f"program: {reason[why]}\n")


def run_as_stage(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program's `main` as the main of a stage."""
    (folder / "program.py").write_text(f"from _stage import run\n{program}\nrun(main)\n")
    return subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT / "stages")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_interrupted_stage_prints_one_line_and_leaves_no_file(
    tmp_path: Path, params: dict, interrupts: None
) -> None:
    params["download"]["scenes"] |= {"count": 100_000, "width": 500, "height": 375}
    process = start(tmp_path, params, "download")
    try:
        while not list(tmp_path.glob("data/.raw.zip.*.partial")):
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(1)
        os.kill(process.pid, signal.SIGINT)
        assert last_line(process) == "download: interrupted; the same command finishes the work"
    finally:
        process.kill()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["params.yaml"]


def test_an_interrupted_import_prints_one_line(tmp_path: Path, interrupts: None) -> None:
    program = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\ndef main() -> None: pass"
    done = run_as_stage(tmp_path, program)
    assert done.returncode != 0
    assert done.stderr == "program: interrupted; the same command finishes the work\n"


@pytest.mark.parametrize(
    "statement",
    [
        # More than an address space, which no overcommitment of memory can give.
        "import numpy; numpy.ones(10**15, 'int8')",
        "import tensorflow; tensorflow.ones([10**15], 'int8')",
        # As Linux does to free memory.
        "import joblib, signal; joblib.Parallel(2)([joblib.delayed(signal.raise_signal)(9)])",
        pytest.param(
            "import jax; jax.numpy.ones(10**15, 'int8').block_until_ready()", marks=pytest.mark.soak
        ),
    ],
    ids=["NumPy", "TensorFlow", "worker", "JAX"],
)
def test_too_little_memory_is_reported_with_the_remedy(tmp_path: Path, statement: str) -> None:
    done = run_as_stage(tmp_path, f"def main() -> None:\n    {statement}\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "program: not enough memory; in params.yaml, lower batch_size or image_size"
    )
    assert "Traceback" not in done.stderr


def test_a_programming_error_is_shown_with_its_traceback(tmp_path: Path) -> None:
    done = run_as_stage(tmp_path, "def main() -> None:\n    raise TypeError\n")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
