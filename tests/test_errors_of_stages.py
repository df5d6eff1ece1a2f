"""What a user's mistake prints: one line of ours, and nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml
from PIL import Image

from colorization.backbones.weights import Pretrained
from conftest import ROOT, TINY, environment, merge
from samples import examples, pack


@pytest.fixture
def params(tmp_path: Path) -> dict:
    """The committed parameters at tiny settings; tests change them and call `stage`."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    merge(settings, TINY)
    return settings


def start(
    tmp_path: Path,
    params: dict | str,
    name: str,
    *options: str,
    largest_file: int | None = None,
    within: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start a stage; beyond `largest_file` bytes it can write as little as on a full disk."""
    text = params if isinstance(params, str) else yaml.safe_dump(params)
    (tmp_path / "params.yaml").write_text(text)
    stage = str(ROOT / "stages" / f"{name}.py")
    command = [*within, sys.executable, stage, "--params", "params.yaml", *options]
    if largest_file:
        blocks = largest_file // 512  # POSIX's unit
        command = ["sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh", *command]
    return subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Let children heed interrupts, which a shell tells its background jobs to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def error_of(
    tmp_path: Path, params: dict | str, name: str, *options: str, **circumstances: Any
) -> str:
    """The last line of a stage that must fail, without a traceback."""
    process = start(tmp_path, params, name, *options, **circumstances)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in errors
    return errors.splitlines()[-1]


OUTPUTS = (
    *("--raw", "data/raw.zip", "--source", "in/source.txt"),
    *("--weights", "in/weights.txt", "--encoders", "in/encoders"),
)


def error_of_check(tmp_path: Path, params: dict | str, within: Sequence[str] = ()) -> str:
    options = ("--memory", "memory.json", *OUTPUTS)
    message = error_of(tmp_path, params, "check", *options, within=within)
    assert not (tmp_path / "in").exists()
    return message


def test_a_missing_archive_is_named_with_the_choices(tmp_path: Path, params: dict) -> None:
    params["download"]["source"] = "photos.zip"
    assert error_of_check(tmp_path, params) == (
        "check: download.source must be scenes, mirflickr25k, bsds500, an http(s) URL, or the path "
        "of a zip, a tar or a folder; found 'photos.zip', which does not exist"
    )


def test_the_stages_own_output_is_no_source(tmp_path: Path, params: dict) -> None:
    (tmp_path / "data").mkdir()
    pack(tmp_path / "data/raw.zip", {"a.jpg": b"x"})
    params["download"]["source"] = "./data/raw.zip"
    assert error_of_check(tmp_path, params) == (
        "check: download.source: data/raw.zip is what `download` writes anew; "
        "give the archive another place"
    )


def test_a_source_that_is_no_archive_is_refused(tmp_path: Path, params: dict) -> None:
    (tmp_path / "photos.zip").write_text("no zip at all")
    params["download"]["source"] = "photos.zip"
    assert error_of_check(tmp_path, params) == (
        "check: download.source: photos.zip is neither a zip, a tar nor a folder"
    )


def test_a_zip_without_images_is_refused(tmp_path: Path, params: dict) -> None:
    pack(tmp_path / "texts.zip", {"readme.txt": b"text", "__MACOSX/a.jpg": b"junk"})
    params["download"]["source"] = "texts.zip"
    assert error_of_check(tmp_path, params) == (
        "check: texts.zip: contains no images "
        "(files ending in .bmp, .gif, .jfif, .jpeg, .jpg, .png, .tif, .tiff, .webp)"
    )


def test_a_folder_without_images_is_refused(tmp_path: Path, params: dict) -> None:
    (tmp_path / "photos").mkdir()
    params["download"]["source"] = "photos"
    assert error_of_check(tmp_path, params) == "check: download.source: photos contains no images"


@pytest.mark.parametrize("source", ["pipe", "/dev/zero", "zeros.zip"])
def test_a_pipe_or_device_is_no_source_and_is_not_read(
    tmp_path: Path, params: dict, source: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros.zip").symlink_to("/dev/zero")
    params["download"]["source"] = source
    assert error_of_check(tmp_path, params) == (
        f"check: download.source: {source} is neither a zip, a tar nor a folder"
    )
    message = error_of(tmp_path, params, "download", "--unfinished", "u", "--out", "raw.zip")
    assert message == f"download: download.source: {source} is neither a zip, a tar nor a folder"
    assert not list(tmp_path.glob("*raw.zip*"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("itself.zip", "found 'itself.zip', which does not exist"),
        ("x" * 300, f"{'x' * 300}: File name too long"),
        ("~nobody_here/x.zip", "found '~nobody_here/x.zip', which does not exist"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(
    tmp_path: Path, params: dict, source: str, message: str
) -> None:
    (tmp_path / "itself.zip").symlink_to("itself.zip")
    params["download"]["source"] = source
    assert error_of_check(tmp_path, params).endswith(message)


def make_photos(folder: Path) -> None:
    (folder / "photos" / "more").mkdir(parents=True)
    for name in ("a.jpg", "more/b.jpg"):
        (folder / "photos" / name).write_bytes(b"x")
    pack(folder / "photos.zip", {"a.jpg": b"x"})


@pytest.mark.parametrize(
    ("source", "unreadable", "mode", "told"),
    [
        ("photos.zip", "photos.zip", 0o000, "photos.zip"),
        ("photos", "photos", 0o000, "photos/"),
        ("photos", "photos", 0o400, "photos/a.jpg"),
        ("photos", "photos/more", 0o000, "photos/more/"),
        ("photos", "photos/a.jpg", 0o000, "photos/a.jpg"),
        ("photos/more/b.jpg", "photos/more", 0o000, "photos/more/b.jpg"),
    ],
)
def test_what_may_not_be_read_is_named(
    tmp_path: Path,
    params: dict,
    ordinary: Sequence[str],
    source: str,
    unreadable: str,
    mode: int,
    told: str,
) -> None:
    make_photos(tmp_path)
    (tmp_path / unreadable).chmod(mode)
    params["download"]["source"] = source
    try:
        message = error_of_check(tmp_path, params, ordinary)
    finally:
        (tmp_path / unreadable).chmod(0o700)
    assert message == f"check: {told}: Permission denied"


ODD = "epochs: " + "9" * 5000
BOMB = "\n".join(
    f"bomb{level}: &bomb{level} [{', '.join([f'*bomb{level - 1}' if level else 'lol'] * 9)}]"
    for level in range(30)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ODD, "params.yaml: line 1: epochs: 5,000 characters, more than 4,096"),
        (BOMB, "params.yaml: line 5: bomb4.0: this makes more than 10,000 values"),
    ],
)
def test_a_hostile_params_file_is_refused_alike_by_all_who_read_it(
    tmp_path: Path, text: str, message: str
) -> None:
    assert error_of_check(tmp_path, text) == f"check: {message}"
    download = error_of(tmp_path, text, "download", "--unfinished", "u", "--out", "raw.zip")
    assert download == f"download: {message}"
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


def test_a_zip_of_text_files_called_jpg_is_refused(tmp_path: Path, params: dict) -> None:
    pack(tmp_path / "raw.zip", {f"{index}.jpg": b"text" for index in range(3)})
    message = error_of(tmp_path, params, "split", "--archive", "raw.zip", "--out", "split.csv")
    assert message == (
        "split: raw.zip: none of its 3 images is usable; 0.jpg, for one: unusable: not an image"
    )
    assert not (tmp_path / "split.csv").exists()


def test_too_few_images_for_the_ratios_are_refused(tmp_path: Path, params: dict) -> None:
    Image.fromarray(np.full((40, 40, 3), 99, np.uint8)).save(tmp_path / "one.png")
    pack(tmp_path / "raw.zip", {"one.png": (tmp_path / "one.png").read_bytes()})
    message = error_of(tmp_path, params, "split", "--archive", "raw.zip", "--out", "split.csv")
    assert message.startswith("split: 1 images at split.ratios [0.6, 0.2, 0.2] leave the ")


def test_missing_weights_are_named_with_the_choices(tmp_path: Path, params: dict) -> None:
    params["embed"]["weights"] = "weights.h5"
    assert error_of_check(tmp_path, params) == (
        "check: embed.weights must be random, imagenet, or the path of a weights file; "
        "found 'weights.h5', which does not exist"
    )


def test_what_only_other_variants_need_may_be_missing(tmp_path: Path, params: dict) -> None:
    params["encoders"]["vgg19"] = "vgg19.h5"
    params["study"]["without_embedding"]["vgg19_unet"] = "vgg19"
    params["embed"]["weights"] = "inception.h5"
    params["model"]["variant"] = "vgg16_repeat"
    checked = start(tmp_path, params, "check", "--memory", "memory.json", *OUTPUTS)
    assert checked.communicate(timeout=60) == ("", "")
    found = {path.name: path.read_text().strip() for path in (tmp_path / "in").glob("*.txt")}
    assert found == {"source.txt": "scenes", "weights.txt": "missing"}
    encoders = {path.name: Pretrained.read(path) for path in (tmp_path / "in/encoders").iterdir()}
    assert encoders == {
        "mobilenet_unet.json": Pretrained(network="mobilenet_v2", weights="random"),
        "vgg16_repeat.json": Pretrained(network="vgg16", weights="random"),
        "vgg19_unet.json": Pretrained(network="vgg19", weights="missing"),
    }


def test_a_missing_encoder_is_refused_where_the_variant_needs_it(
    tmp_path: Path, params: dict
) -> None:
    params["encoders"]["vgg16"] = "vgg16.h5"
    params["model"]["variant"] = "vgg16_repeat"
    assert error_of_check(tmp_path, params) == (
        "check: encoders.vgg16 must be random, imagenet, or the path of a weights file; "
        "found 'vgg16.h5', which does not exist"
    )


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path, params: dict) -> None:
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    params["embed"]["weights"] = "other.weights.h5"
    (tmp_path / "weights.txt").write_text("identity")
    message = error_of(
        tmp_path,
        params,
        "embed",
        "--arrays_folder",
        "lab",
        "--weights",
        "weights.txt",
        "--unfinished",
        "unfinished",
        "--memory",
        "memory.json",
        "--out",
        "embeddings",
    )
    assert message.startswith(
        "embed: embed.weights: other.weights.h5 does not contain weights of mobilenet_v2 ("
    )
    assert not (tmp_path / "embeddings").exists()


@pytest.mark.parametrize("why", ["pipe", "full disk"])
def test_a_folder_that_cannot_be_copied_is_told_by_its_first_file(tmp_path: Path, why: str) -> None:
    (tmp_path / "from" / "sub").mkdir(parents=True)
    (tmp_path / "from" / "sub" / "a").write_text("a")
    if why == "pipe":
        os.mkfifo(tmp_path / "from" / "sub" / "pipe")
    program = (
        "import errno, shutil\nfrom _stage import run\n"
        "def full(source, out): raise OSError(errno.ENOSPC, 'No space left on device', out)\n"
        "def main() -> None:\n"
        f"    copy = {'shutil.copy2' if why == 'pipe' else 'full'}\n"
        "    shutil.copytree('from', 'to', copy_function=copy)\n"
        "run(main)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT / "stages")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    reason = {
        "pipe": "to/sub/pipe: `from/sub/pipe` is a named pipe",
        "full disk": "to/sub/a: No space left on device",
    }
    assert (done.returncode, done.stderr) == (1, f"-c: {reason[why]}\n")


@pytest.mark.parametrize(
    ("largest_file", "failed"),
    [
        (2**20, "out/.vgg.*.partial/model.weights.h5"),
        (2**26, "unfinished/vgg/*/.epoch-000001.*.partial/state.weights.h5"),
    ],
)
def test_weights_that_find_no_room_are_named_in_one_line(
    tmp_path: Path, params: dict, largest_file: int, failed: str
) -> None:
    for part, count in (("train", 8), ("validation", 2)):
        examples(tmp_path / "lab" / part, count)
    Pretrained(network="vgg16", weights="random").write(tmp_path / "encoder.json")
    options = {
        "arrays_folder": "lab",
        "variant": "vgg16_repeat",
        "seed": "1",
        "encoder": "encoder.json",
        "unfinished": "unfinished",
        "memory": "memory.json",
        "out": "out/vgg",
    }
    message = error_of(
        tmp_path,
        params,
        "train",
        *(word for name, value in options.items() for word in (f"--{name}", value)),
        largest_file=largest_file,
    )
    assert fnmatch(message, f"train: {failed}: File too large")
    assert not [*(tmp_path / "out").iterdir(), *tmp_path.glob("unfinished/vgg/*/*")]


def test_an_interrupted_stage_says_so_in_one_line_and_leaves_nothing(
    tmp_path: Path, params: dict, interrupts: None
) -> None:
    params["download"]["scenes"] |= {"count": 100_000, "width": 500, "height": 375}
    process = start(tmp_path, params, "download", "--unfinished", "unfinished", "--out", "raw.zip")
    try:
        while not list(tmp_path.glob(".raw.zip.*.partial")):
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(1)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 1
    assert "Traceback" not in errors
    assert errors.splitlines()[-1] == ("download: interrupted; the same command finishes the work")
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


@pytest.mark.parametrize(
    "asks",
    [
        "import numpy; numpy.ones(10**14)",
        "import tensorflow; tensorflow.ones([10**12])",
        "import jax; jax.numpy.ones(10**13).block_until_ready()",
    ],
    ids=["NumPy", "TensorFlow", "JAX"],
)
def test_too_little_memory_is_told_with_the_remedy(tmp_path: Path, asks: str) -> None:
    (tmp_path / "greedy.py").write_text(
        f"from _stage import run\n\n\ndef main() -> None:\n    {asks}\n\n\nrun(main)\n"
    )
    found = subprocess.run(
        [sys.executable, "greedy.py"],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT / "stages")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1] == (
        "greedy: not enough memory; in params.yaml, lower batch_size or image_size"
    )
    assert "Traceback" not in found.stderr


def test_an_error_of_our_own_is_shown_whole(tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(
        "from _stage import run\n\n\ndef main() -> None:\n    raise TypeError\n\n\nrun(main)\n"
    )
    environ = environment() | {"PYTHONPATH": str(ROOT / "stages")}
    with pytest.raises(subprocess.CalledProcessError) as caught:
        subprocess.run(
            [sys.executable, "faulty.py"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
    assert "Traceback" in caught.value.stderr
