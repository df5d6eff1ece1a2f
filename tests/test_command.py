"""The command `colorize`, as a person or a script calls it."""

import io
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorization.colorizing.command import main
from colorization.imaging import lab
from colorization.sources import archives
from packaged import untrained, write_package
from samples import encoded, reopened, scene


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a variant that needs no embedding network."""
    out = tmp_path_factory.mktemp("packaged") / "vgg16_repeat"
    return write_package(out, untrained("vgg16_repeat"), "vgg16_repeat")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Every kind of image that people have."""
    folder = tmp_path / "photos"
    folder.mkdir()
    colour = Image.fromarray(scene(1, 60, 44))
    alpha = colour.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize((60, 44)))
    deep = np.linspace(0, 65535, 60 * 44).reshape(44, 60).astype(np.uint16)
    images = {
        "colour.jpg": colour,
        "grey.jpg": colour.convert("L"),
        "cmyk.jpg": colour.convert("CMYK"),
        "palette.png": colour.convert("P"),
        "alpha.png": alpha,
        "deep.png": Image.fromarray(deep),
        "bilevel.tif": colour.convert("1"),
        "lossy.webp": colour,
        "old.gif": colour.convert("P"),
        "dot.png": colour.resize((1, 1)),
        "strip.png": colour.resize((1, 500)),
    }
    for name, image in images.items():
        image.save(folder / name)
    return folder


def colorize(model: Path, *arguments: object) -> int:
    return main([*map(str, arguments), "--model", str(model), "--batch-size", "4"])


def test_every_kind_of_image_comes_out_in_colour_at_its_size(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    assert colorize(model, photos, "--output", tmp_path / "out") == 0
    for path in photos.iterdir():
        out = tmp_path / "out" / path.name.replace(".gif", ".png")
        before, after = reopened(path), reopened(out)
        assert after.size == before.size
        assert after.mode == ("RGBA" if path.name == "alpha.png" else "RGB")
    grey = np.asarray(reopened(tmp_path / "out" / "grey.jpg")).astype(int)
    assert np.ptp(grey, axis=-1).mean() > 5
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_broken_files_are_named_and_the_rest_is_done(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = encoded(scene(1), "JPEG")
    (photos / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "text.jpg").write_text("not an image")
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    (photos / "bomb.png").write_bytes(bomb.getvalue())
    count = len(list(photos.iterdir()))
    assert colorize(model, photos, "--output", tmp_path / "out") == 1
    told = capsys.readouterr().err
    lines = [line for line in told.splitlines() if line.startswith("colorize: ")]
    assert len(lines) == 4
    assert f"colorize: {photos / 'text.jpg'}: not an image" in lines
    assert f"colorize: {photos / 'bomb.png'}: too many pixels: a decompression bomb?" in lines
    assert any(line.startswith(f"colorize: {photos / 'truncated.jpg'}: cannot") for line in lines)
    assert lines[-1] == f"colorize: {count - 3} done, 3 failed"
    assert len(list((tmp_path / "out").iterdir())) == count - 3


def test_an_output_that_cannot_be_written_is_named(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "dot.png").mkdir(parents=True)  # even root cannot put a file there
    assert colorize(model, photos / "dot.png", "--output", out, "--overwrite") == 1
    assert f"colorize: {photos / 'dot.png'}: Is a directory" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(model: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "dot.png").chmod(stat.S_IWUSR)
    assert colorize(model, photos, "--output", tmp_path / "out") == 1


def test_saturation_scales_the_colours_alone(model: Path, photos: Path, tmp_path: Path) -> None:
    chroma = {}
    for factor in (0, 0.5, 1):
        out = tmp_path / str(factor)
        arguments = ("--output", out, "--saturation", factor, "--format", "png")
        assert colorize(model, photos / "grey.jpg", *arguments) == 0
        _, ab = lab.rgb_to_lab(np.asarray(reopened(out / "grey.png")))
        chroma[factor] = np.hypot(ab[..., 0], ab[..., 1]).mean()
    assert chroma[0] < 0.01
    assert chroma[0.5] == pytest.approx(chroma[1] / 2, rel=0.15)  # sRGB's gamut ends


def test_side_by_side_has_the_grey_image_on_the_left(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    arguments = ("--output", tmp_path, "--side-by-side", "--format", "png")
    assert colorize(model, photos / "colour.jpg", *arguments) == 0
    pair = np.asarray(reopened(tmp_path / "colour.png")).astype(int)
    assert pair.shape == (44, 120, 3)
    assert np.ptp(pair[:, :60], axis=-1).max() <= 1
    assert np.ptp(pair[:, 60:], axis=-1).mean() > 5


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([str(photos), "--output", str(out), "--dry-run"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert f"{photos / 'old.gif'} -> {out / 'old.png'}" in printed
    assert len(printed) == len(list(photos.iterdir()))
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.jpg"],
        ["a.jpg", "--output", "o", "--batch-size", "0"],
        ["a.jpg", "--output", "o", "--saturation", "-1"],
        ["a.jpg", "--output", "o", "--saturation", "nan"],
        ["a.jpg", "--output", "o", "--format", "bmp"],
    ],
)
def test_wrong_usage_exits_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_a_model_that_is_none_exits_with_status_2(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert colorize(tmp_path, photos, "--output", tmp_path / "out") == 2
    assert "is not a packaged model" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_quiet_shows_failures_alone(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "text.jpg").write_text("not an image")
    assert colorize(model, photos, "--output", tmp_path / "out", "--quiet") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"colorize: {photos / 'text.jpg'}: not an image\n"


@pytest.mark.soak
def test_a_hundred_megapixels_take_at_most_3_gib(model: Path, tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    Image.fromarray(scene(1, 500, 500)).resize((10_000, 10_000)).save(huge)
    command = [
        sys.executable,
        "-m",
        "colorization.colorizing.command",
        str(huge),
        "--model",
        str(model),
    ]
    started = subprocess.Popen([*command, "--output", str(tmp_path / "out")])
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    assert started.returncode == 0
    assert reopened(tmp_path / "out" / "huge.jpg").size == (10_000, 10_000)
    assert used.ru_maxrss / 2**20 < 3  # KiB


def test_a_kill_leaves_no_half_written_file(model: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(60):
        (photos / f"{index}.png").write_bytes(encoded(scene(index, 400, 300)))
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "colorization.colorizing.command",
        str(photos),
        "--output",
        str(out),
    ]
    started = subprocess.Popen([*command, "--model", str(model), "--quiet"])
    while not (out.exists() and archives.folder_image_names(out)) and started.poll() is None:
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    written = archives.folder_image_names(out)
    assert 0 < len(written) < 60
    for name in written:
        with reopened(out / name) as image:
            image.load()
    again = subprocess.run([*command, "--model", str(model), "--quiet", "--overwrite"], check=True)
    assert again.returncode == 0
    assert len(archives.folder_image_names(out)) == 60
