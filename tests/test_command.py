"""The command `colorize`."""

import io
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import imagecodecs
import keras
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

import turns
from colorization.color import lab
from colorization.colorizing import bulk
from colorization.colorizing.bulk import TASKS, JobResult, colorize_files
from colorization.colorizing.colorizer import load
from colorization.colorizing.command import main
from colorization.colorizing.jobs import Job
from colorization.colorizing.sheet import Sheet
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.core.workers import Workers
from colorization.sources import archives
from hostile import CRASHING, HANGING, make_decoders_hostile
from packaged import with_vividness, write_package
from samples import encoded, reopened, scene


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model without embedding, with strong colors."""
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    features = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(L)
    ab = keras.layers.Conv2D(2, 3, padding="same", activation="tanh")(features)
    out = tmp_path_factory.mktemp("packaged") / "small"
    return write_package(out, keras.Model(L, ab), "vgg16_repeat")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Images of many formats and modes."""
    folder = tmp_path / "photos"
    folder.mkdir()
    color = Image.fromarray(scene(1, 60, 44))
    alpha = color.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize((60, 44)))
    deep = np.linspace(0, 65535, 60 * 44).reshape(44, 60).astype(np.uint16)
    images = {
        "color.jpg": color,
        "gray.jpg": color.convert("L"),
        "cmyk.jpg": color.convert("CMYK"),
        "palette.png": color.convert("P"),
        "alpha.png": alpha,
        "deep.png": Image.fromarray(deep),
        "bilevel.tif": color.convert("1"),
        "lossy.webp": color,
        "old.gif": color.convert("P"),
        "dot.png": color.resize((1, 1)),
        "strip.png": color.resize((1, 500)),
    }
    for name, image in images.items():
        image.save(folder / name)
    return folder


def colorize(model: Path, *arguments: object) -> int:
    return main([*map(str, arguments), "--model", str(model)])


def test_every_format_is_colorized_at_its_size(model: Path, photos: Path, tmp_path: Path) -> None:
    assert colorize(model, photos, "--output", tmp_path / "out") == 0
    for path in photos.iterdir():
        out = tmp_path / "out" / path.name.replace(".gif", ".png")
        before, after = reopened(path), reopened(out)
        assert after.size == before.size
        assert after.mode == ("RGBA" if path.name == "alpha.png" else "RGB")
    gray = np.asarray(reopened(tmp_path / "out" / "gray.jpg")).astype(int)
    assert np.ptp(gray, axis=-1).mean() > 5
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def resized(png: bytes, width: int, height: int) -> bytes:
    """A PNG whose header gives another size."""
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


def test_broken_files_are_reported_and_the_others_colorized(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = encoded(scene(1), "JPEG")
    (photos / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "text.jpg").write_text("not an image")
    (photos / "bomb.png").write_bytes(resized(encoded(scene(1), "PNG"), 20_000, 20_000))
    count = len(list(photos.iterdir()))
    assert colorize(model, photos, "--output", tmp_path / "out") == 1
    error_output = capsys.readouterr().err
    lines = [line for line in error_output.splitlines() if line.startswith("colorize: ")]
    assert len(lines) == 5
    assert f"colorize: {photos / 'text.jpg'}: not an image" in lines
    assert f"colorize: {photos / 'bomb.png'}: too many pixels: more than 178,956,970" in lines
    assert any(line.startswith(f"colorize: {photos / 'truncated.jpg'}: cannot") for line in lines)
    assert lines[-1] == f"colorize: {count - 3} colorized, 3 failed"
    assert len(list((tmp_path / "out").iterdir())) == count - 3


def test_files_that_crash_their_decoders_do_not_affect_others(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """40 files; Pillow 12 would write out of bounds if it reduced the lossless JPEG."""
    folder = tmp_path / "in"
    folder.mkdir()
    ordinary = encoded(scene(1, 64, 48), "JPEG")
    contents = {f"{number}.jpg": ordinary for number in range(36)} | {
        "crashing.jpg": encoded(scene(1, *CRASHING), "JPEG"),
        "hanging.jpg": encoded(scene(2, *HANGING), "JPEG"),
        "lossless.jpg": imagecodecs.jpeg8_encode(scene(3, 520, 400), lossless=True),
        "truncated.jpg": ordinary[: len(ordinary) // 2],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    make_decoders_hostile(monkeypatch, tmp_path / "path")
    monkeypatch.setattr(bulk, "SECONDS", 5.0)
    assert colorize(model, folder, "--output", tmp_path / "out") == 1
    messages = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("colorize: ")
    ]
    assert messages == [
        f"colorize: {folder / 'crashing.jpg'}: its decoder crashed (SIGABRT)",
        f"colorize: {folder / 'hanging.jpg'}: timed out after 5 seconds",
        f"colorize: {folder / 'truncated.jpg'}: cannot be decoded: image file is truncated",
        "colorize: new colors in place of their own: 37 photographs; "
        "--skip-color skips photographs in color",
        "colorize: 37 colorized, 3 failed",
    ]
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == contents.keys() - {"crashing.jpg", "hanging.jpg", "truncated.jpg"}
    assert reopened(tmp_path / "out" / "lossless.jpg").size == (520, 400)


def test_an_unwritable_output_is_reported(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "dot.png").mkdir(parents=True)  # even root cannot put a file there
    assert colorize(model, photos / "dot.png", "--output", out, "--overwrite") == 1
    reason = f"cannot write {out / 'dot.png'}: Is a directory"
    assert f"colorize: {photos / 'dot.png'}: {reason}\n" in capsys.readouterr().err


def test_inputs_are_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, other = tmp_path / "x.jpg", tmp_path / "x.png"
    for path in (image, other):
        path.write_bytes(encoded(scene(1)))
    arguments = ["--output", tmp_path, "--format", "png", "--overwrite", "--quiet"]
    assert main([str(argument) for argument in (image, other, *arguments)]) == 1
    reason = f"its result would replace {other}, an input; choose another --output"
    assert capsys.readouterr().err.splitlines() == [
        f"colorize: {image}: {reason}",
        f"colorize: {other}: {reason}",
    ]
    assert other.read_bytes() == encoded(scene(1))


def test_originals_in_the_output_folder_are_not_replaced(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = tmp_path / "p" / "best"
    best.mkdir(parents=True)
    for path in (tmp_path / "p" / "x.jpg", best / "x.jpg"):
        path.write_bytes(encoded(scene(1), "JPEG"))
    assert colorize(model, tmp_path / "p", "--output", best, "--overwrite") == 1
    assert capsys.readouterr().err.splitlines() == [
        "colorize: ignored in folders: the output folder (1)",
        f"colorize: {tmp_path / 'p' / 'x.jpg'}: {best / 'x.jpg'} exists, in a folder "
        "that is an input; remove it, or choose another --output",
        "colorize: 1 failed",
    ]
    assert (best / "x.jpg").read_bytes() == encoded(scene(1), "JPEG")


def test_ignored_files_are_counted_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.jfif", "b.jpg", ".c.jpg", ".d.jpg", "DSC0001"):
        (tmp_path / name).write_bytes(encoded(scene(1), "JPEG"))
    out = tmp_path / "out"
    assert main([str(tmp_path), "--output", str(out), "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "colorize: ignored in folders: hidden (2), without extension (1)",
        "colorize: 2 to colorize",
    ]
    assert printed.out.splitlines() == [
        f"{tmp_path / name} -> {out / name}" for name in ("a.jfif", "b.jpg")
    ]


def test_control_characters_are_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [b"red\x1b[31m.jpg", b"two\nlines.jpg", b"\xff\xfe.jpg", "\u202eü.jpg".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(encoded(scene(1)))
    streams: dict[str, str] = {}
    for stream in ("stdout", "stderr"):
        terminal = io.TextIOWrapper(io.BytesIO(), "ascii", "strict")
        monkeypatch.setattr(sys, stream, terminal)
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / os.fsdecode(names[0])).touch()
        assert main([str(tmp_path), "--output", str(tmp_path / "out"), "--dry-run"]) == 1
        terminal.seek(0)
        streams[stream] = terminal.read()
        monkeypatch.undo()
    out = tmp_path / "out"
    assert streams["stdout"].splitlines() == [
        rf"{tmp_path}/two\nlines.jpg -> {out}/two\nlines.jpg",
        rf"{tmp_path}/\u202e\xfc.jpg -> {out}/\u202e\xfc.jpg",
        rf"{tmp_path}/\xff\xfe.jpg -> {out}/\xff\xfe.jpg",
    ]
    assert (
        rf"colorize: {tmp_path}/red\x1b[31m.jpg: {out}/red\x1b[31m.jpg exists" in streams["stderr"]
    )


def test_a_closed_pipe_does_not_stop_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(scene(1)))
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as broken:  # noqa: PTH123 (a number)
        monkeypatch.setattr(sys, "stdout", broken)
        assert main([str(tmp_path), "--output", str(tmp_path / "out"), "--dry-run"]) == 0


def test_closed_streams_do_not_stop_the_command(model: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "text.jpg").write_text("not an image")
    program = [sys.executable, "-m", "colorization.colorizing.command", str(photos)]
    arguments = ["--output", str(tmp_path / "out"), "--model", str(model)]
    shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    assert subprocess.run([*shell, *program, *arguments], check=False).returncode == 1
    assert len(list((tmp_path / "out").iterdir())) == len(list(photos.iterdir())) - 1


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp"])
def test_a_full_disk_is_reported_and_leaves_no_partial_file(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    out = tmp_path / "out"
    image = photos / "color.jpg"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))  # bytes
    try:
        assert colorize(model, image, "--output", out, "--format", kind, "--quiet") == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    reason = f"cannot write {out / 'color'}.{kind}: File too large"
    assert capsys.readouterr().err == f"colorize: {image}: {reason}\n"
    assert list(out.iterdir()) == []


def test_planted_links_are_not_followed(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with atomic_write(out / "color.jpg") as partial:
        partial.touch()
    (out / "color.jpg").unlink()
    (tmp_path / "precious").write_text("precious")
    partial.symlink_to(tmp_path / "precious")
    assert colorize(model, photos / "color.jpg", "--output", out) == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert [path.name for path in out.iterdir()] == ["color.jpg"]


def test_of_two_concurrent_runs_one_writes_each_photograph(model: Path, tmp_path: Path) -> None:
    colorizer = load(model)
    jobs = [Job(tmp_path / f"{index}.png", tmp_path / "out" / f"{index}.png") for index in range(8)]
    for job in jobs:
        job.input.write_bytes(encoded(scene(1)))
    with ThreadPoolExecutor(2) as both:
        options: Any = {"saturation": 1, "side_by_side": False, "quiet": True}

        def run() -> list[JobResult]:
            with Workers(TASKS, 2) as workers:
                return list(colorize_files(colorizer, jobs, workers, **options))

        futures = [both.submit(run) for _ in range(2)]
        reasons = [
            (outcome.job.input, outcome.reason)
            for future in futures
            for outcome in future.result()
            if outcome.reason
        ]
    assert sorted(reasons) == sorted(
        (
            job.input,
            f"{job.output} exists; use --skip-existing or --overwrite",
        )
        for job in jobs
    )


def test_an_unreadable_file_is_reported_and_the_others_colorized(
    model: Path, tmp_path: Path, ordinary: Sequence[str]
) -> None:
    photos = [tmp_path / "a.png", tmp_path / "b.png"]
    for photo in photos:
        photo.write_bytes(encoded(scene(1)))
    photos[0].chmod(0o200)
    program = [*ordinary, sys.executable, "-m", "colorization.colorizing.command", "--quiet"]
    options = ["--output", tmp_path / "out", "--model", model]
    command = [*program, *map(str, [*photos, *options])]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (
        1,
        f"colorize: {photos[0]}: Permission denied\n",
    )
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]


def test_a_file_without_end_is_not_read(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.truncate(photos / "dot.png", 1 << 40)  # which takes no room
    assert colorize(model, photos, "--output", tmp_path / "out", "--quiet") == 1
    reason = "1,099,511,627,776 bytes, more than 1,500,000,000"
    assert capsys.readouterr().err == f"colorize: {photos / 'dot.png'}: {reason}\n"


def test_the_command_and_a_call_color_transparent_pixels_alike(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    image = photos / "alpha.png"
    assert colorize(model, image, "--output", tmp_path / "out") == 0
    commanded = np.asarray(reopened(tmp_path / "out" / "alpha.png"))
    assert commanded[..., 3].min() < 255
    np.testing.assert_array_equal(commanded[..., :3], np.asarray(load(model)(image)))


def test_saturation_scales_only_the_colors(model: Path, photos: Path, tmp_path: Path) -> None:
    chroma = {}
    for factor in (0, 0.5, 1):
        out = tmp_path / str(factor)
        arguments = ("--output", out, "--saturation", factor, "--format", "png")
        assert colorize(model, photos / "gray.jpg", *arguments) == 0
        _, ab = lab.rgb_to_lab(np.asarray(reopened(out / "gray.png")))
        chroma[factor] = np.hypot(ab[..., 0], ab[..., 1]).mean()
    assert chroma[0] < 0.01
    assert chroma[0.5] == pytest.approx(chroma[1] / 2, rel=0.15)  # sRGB's gamut ends


def test_side_by_side_has_the_gray_image_on_the_left(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    arguments = ("--output", tmp_path, "--side-by-side", "--format", "png")
    assert colorize(model, photos / "color.jpg", *arguments) == 0
    pair = np.asarray(reopened(tmp_path / "color.png")).astype(int)
    assert pair.shape == (44, 120, 3)
    assert np.ptp(pair[:, :60], axis=-1).max() <= 1
    assert np.ptp(pair[:, 60:], axis=-1).mean() > 5


def test_a_second_run_resumes(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert colorize(model, photos / "dot.png", photos / "gray.jpg", "--output", out) == 0
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    capsys.readouterr()
    count = len(list(photos.iterdir()))
    summaries: dict[str, list[str]] = {
        "--dry-run": [f"colorize: {count - 2} to colorize, 2 skipped because results exist"],
        "--jobs=2": [f"colorize: {count - 2} colorized, 2 skipped because results exist"],
        "--jobs=1": [f"colorize: {count} skipped because results exist"],
        "--quiet": [],
    }
    for option, expected in summaries.items():
        assert colorize(model, photos, "--output", out, "--skip-existing", option) == 0
        messages = [line for line in capsys.readouterr().err.splitlines() if "colorize:" in line]
        assert messages[-1:] == expected
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(out.iterdir())) == count


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A gray, a toned and a color photograph, and one that is damaged."""
    folder = tmp_path / "box"
    folder.mkdir()
    gray = Image.fromarray(scene(1, 60, 44)).convert("L")
    toned = ImageOps.colorize(gray, "black", "white", mid=(140, 120, 90))
    images = {"color.png": Image.fromarray(scene(1, 60, 44)), "gray.png": gray, "toned.png": toned}
    for name, image in images.items():
        image.save(folder / name)
    (folder / "damaged.png").write_text("not an image")
    return folder


def messages(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    return [line.removeprefix("colorize: ") for line in lines if line.startswith("colorize: ")]


def test_photographs_in_color_are_reported_or_skipped(
    model: Path, box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert colorize(model, box, "--output", tmp_path / "all") == 1
    assert messages(capsys) == [
        f"{box / 'damaged.png'}: not an image",
        f"new colors in place of their own: {box / 'color.png'}; "
        "--skip-color skips photographs in color",
        "3 colorized, 1 failed",
    ]
    arguments = ("--output", tmp_path / "gray", "--skip-color")
    assert colorize(model, box, *arguments) == 1
    expected = "2 colorized, 1 skipped because in color, 1 failed"
    assert messages(capsys)[-1] == expected
    assert {path.name for path in (tmp_path / "gray").iterdir()} == {"gray.png", "toned.png"}
    assert colorize(model, box, *arguments, "--skip-existing", "--quiet") == 1
    assert messages(capsys) == [f"{box / 'damaged.png'}: not an image"]


def test_the_sheet_has_new_and_former_results_and_what_failed(
    model: Path, box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.html"
    arguments = ("--output", tmp_path / "out", "--skip-color", "--sheet", sheet)
    assert colorize(model, box / "gray.png", *arguments, "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{box / 'gray.png'} -> {tmp_path / 'out' / 'gray.png'}",
        f"contact sheet -> {sheet}",
    ]
    assert not sheet.exists()
    assert colorize(model, box / "gray.png", *arguments) == 0
    assert colorize(model, box, *arguments, "--skip-existing") == 1
    page = sheet.read_text()
    assert page.count("<figure>") == 3
    assert page.count("<img ") == 5
    links = ["box/color.png", "out/gray.png", "out/toned.png"]
    assert re.findall('href="([^"]+)"', page) == links
    summary = "1 colorized, 1 skipped because results exist, 1 skipped because in color, 1 failed"
    assert messages(capsys)[-1] == summary
    assert summary in page
    assert "damaged.png</bdi>: not an image" in page


def test_a_sheet_of_nothing_but_failures_is_written(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.html"
    assert colorize(model, "none.jpg", "--output", tmp_path / "out", "--sheet", sheet) == 1
    assert messages(capsys) == ["none.jpg: no such file or folder", "1 failed"]
    assert "No results." in sheet.read_text()


def test_a_sheet_that_cannot_be_written_costs_no_photograph(
    model: Path,
    box: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise ColorizationError("--sheet: cannot write it: No space left on device")

    monkeypatch.setattr(Sheet, "write", refuse)
    arguments = ("--output", tmp_path / "out", "--sheet", tmp_path / "sheet.html")
    assert colorize(model, box / "gray.png", *arguments) == 1
    assert messages(capsys)[-2:] == [
        "--sheet: cannot write it: No space left on device",
        "1 colorized",
    ]


def test_a_sheet_shows_results_of_other_options_whole(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    def shape_on_the_sheet(*options: str | Path) -> tuple[int, int]:
        out, sheet = tmp_path / "out", tmp_path / "sheet.html"
        arguments = ("--output", out, "--sheet", sheet, "--format", "png", *options)
        assert colorize(model, photos / "gray.jpg", *arguments) == 0
        width, height = re.findall(r' width="(\d+)" height="(\d+)"', sheet.read_text())[-1]
        return int(width), int(height)

    whole = shape_on_the_sheet()
    assert shape_on_the_sheet("--skip-existing", "--side-by-side") == whole
    assert shape_on_the_sheet("--overwrite", "--side-by-side") == whole
    assert shape_on_the_sheet("--skip-existing") == whole


def test_a_page_that_is_no_sheet_is_not_replaced(
    model: Path, box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    page.write_text("my own")
    arguments = ("--output", tmp_path / "out", "--sheet", page)
    for dry_run in ([], ["--dry-run"]):
        assert colorize(model, box, *arguments, *dry_run) == 2
        expected = f"--sheet: {page} exists, and is no contact sheet; choose another"
        assert messages(capsys) == [expected]
    assert page.read_text() == "my own"
    assert not (tmp_path / "out").exists()


def test_each_page_has_a_result_or_a_failure(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan, out = tmp_path / "scan.tif", tmp_path / "out"
    pages = [scene(1, 60, 44), scene(2, 44, 60)]
    with tifffile.TiffWriter(scan) as file:
        for page in pages:
            file.write(page, photometric="rgb", compression="zlib")
    with tifffile.TiffFile(scan) as file:
        second = file.pages[1].dataoffsets[0]
    assert colorize(model, scan, "--output", out, "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{scan}, page {page} -> {out}/scan-{page}.tif" for page in (1, 2)
    ]
    assert colorize(model, scan, "--output", out) == 0
    for number, page in enumerate(pages, 1):
        colorized = np.asarray(reopened(out / f"scan-{number}.tif"))
        luminance = [lab.rgb_to_lab(rgb)[0] * lab.L_SCALE for rgb in (page, colorized)]
        assert np.abs(luminance[0] - luminance[1]).max() < 1
    content = bytearray(scan.read_bytes())
    content[second : second + 40] = bytes(40)
    scan.write_bytes(content)
    capsys.readouterr()
    assert colorize(model, scan, "--output", out, "--overwrite", "--quiet") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"colorize: {scan}, page 2: cannot be decoded")


def test_a_dry_run_prints_outputs_and_writes_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([str(photos), "--output", str(out), "--dry-run"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert f"{photos / 'old.gif'} -> {out / 'old.png'}" in printed
    assert len(printed) == len(list(photos.iterdir()))
    assert not out.exists()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("other.png,1,1,red", "{0}/other.png is not among the photographs to colorize"),
        ("scan.tif,1,1,red", "{0}/scan.tif has 2 pages; save the page as a file of its own"),
        (
            "a.png,1,1,reddish",
            "{0}/hints.csv, line 2: unknown color 'reddish'; "
            "use #rrggbb or a CSS name such as firebrick",
        ),
        ("a.png,1,1,red", "this model takes no hints"),
    ],
)
def test_hints_that_cannot_be_used_are_refused_before_anything_is_colorized(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, reason: str
) -> None:
    page = Image.fromarray(scene(1))
    page.save(tmp_path / "a.png")
    page.save(tmp_path / "scan.tif", save_all=True, append_images=[page])
    hints = tmp_path / "hints.csv"
    hints.write_text(f"file,x,y,color\n{row}\n")
    photographs, out = (tmp_path / "a.png", tmp_path / "scan.tif"), tmp_path / "out"
    assert colorize(model, *photographs, "--output", out, "--hints", hints) == 2
    assert capsys.readouterr().err == f"colorize: --hints: {reason.format(tmp_path)}\n"
    assert not out.exists()


def test_a_hint_outside_its_photograph_fails_this_one_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encoded(scene(1)))
    hints, out = tmp_path / "hints.csv", tmp_path / "out"
    hints.write_text("file,x,y,color\na.png,48,5,red\nb.png,47.9,5,red\n")
    photographs = tmp_path / "a.png", tmp_path / "b.png"
    options = ("--output", out, "--hints", hints, "--quiet")
    assert colorize(with_vividness(), *photographs, *options) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"colorize: {tmp_path / 'a.png'}: the hint at x 48, y 5 is outside the photograph, "
        "which is 48 x 40 px"
    )
    assert [path.name for path in out.iterdir()] == ["b.png"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("", "the following arguments are required: INPUT, --output"),
        ("a.jpg", "the following arguments are required: --output"),
        ("a.jpg --output=", "argument --output: must not be empty"),
        (
            "a.jpg --output b.JPG",
            "argument --output: must be a folder; found b.JPG; --format chooses the format",
        ),
        ("a.jpg --output o --jobs 1.5", "argument --jobs: must be a whole number from 1 to 256"),
        (
            "a.jpg --output o --vividness 0,5",
            "argument --vividness: must be from 0 to 1; found 0,5",
        ),
        (
            "a.jpg --output o --jobs 0",
            "argument --jobs: must be a whole number from 1 to 256; found 0",
        ),
        (
            "a.jpg --output o --jobs 257",
            "argument --jobs: must be a whole number from 1 to 256; found 257",
        ),
        (
            "a.jpg --output o --overwrite --skip-existing",
            "argument --skip-existing: not allowed with argument --overwrite",
        ),
        (
            "a.jpg --output o --saturation -1",
            "argument --saturation: must be from 0 to 100; found -1",
        ),
        (
            "a.jpg --output o --saturation nan",
            "argument --saturation: must be from 0 to 100; found nan",
        ),
        (
            "a.jpg --output o --saturation 1e308",
            "argument --saturation: must be from 0 to 100; found 1e308",
        ),
        ("a.jpg --output o --format bmp", "argument --format: invalid choice: 'bmp' (choose from"),
    ],
)
def test_wrong_usage_is_named_and_exits_with_status_2(
    arguments: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"colorize: error: {error}")


def test_an_output_whose_name_is_too_long_is_reported(
    model: Path, box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / ("o" * 300 + ".jpg")
    with pytest.raises(SystemExit):
        colorize(model, box / "gray.png", "--output", out)
    assert "must be a folder" in capsys.readouterr().err


def test_vividness_is_refused_for_a_model_without_it(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--output", tmp_path / "out", "--vividness"]
    assert colorize(model, photos / "gray.jpg", *out, "0.5") == 2
    error_output = capsys.readouterr().err
    assert error_output == "colorize: --vividness: this model has no vividness; use --saturation\n"
    for wrong in ("-0.1", "1.1", "nan", "vivid"):
        with pytest.raises(SystemExit):
            colorize(model, photos / "gray.jpg", *out, wrong)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_a_model_exits_with_status_2(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert colorize(tmp_path, photos, "--output", tmp_path / "out") == 2
    assert "is not a packaged model" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_quiet_prints_only_failures(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "text.jpg").write_text("not an image")
    assert colorize(model, photos, "--output", tmp_path / "out", "--quiet") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"colorize: {photos / 'text.jpg'}: not an image\n"


def gibibytes_taken(model: Path, *arguments: object) -> float:
    """The peak memory of the command, all processes together."""
    program = [sys.executable, "-m", "colorization.colorizing.command", "--model", str(model)]
    started = subprocess.Popen([*program, *map(str, arguments)])
    peak = turns.peak_memory(started)
    assert started.returncode == 0
    return peak / 2**10


@pytest.mark.soak
def test_a_hundred_megapixels_take_at_most_2_gib(model: Path, tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    Image.fromarray(scene(1, 500, 500)).resize((10_000, 10_000)).save(huge)
    assert gibibytes_taken(model, huge, "--output", tmp_path / "out") < 2
    assert reopened(tmp_path / "out" / "huge.jpg").size == (10_000, 10_000)


@pytest.mark.soak
def test_sixteen_large_photographs_in_sixteen_threads_take_at_most_2_gib(
    model: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(scene(1, 500, 400)).resize((5000, 4000)).save(photos / "0.jpg")
    for index in range(1, 16):
        (photos / f"{index}.jpg").hardlink_to(photos / "0.jpg")
    assert gibibytes_taken(model, photos, "--output", tmp_path / "out", "--jobs", 16) < 2


@pytest.fixture
def sixty(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(60):
        (photos / f"{index}.png").write_bytes(encoded(scene(index, 400, 300)))
    return photos


def begun(model: Path, photos: Path, out: Path, *options: str) -> subprocess.Popen:
    """Start the command, and wait for its first result."""
    program = [sys.executable, "-m", "colorization.colorizing.command", str(photos)]
    started = subprocess.Popen(
        [*program, "--output", str(out), "--model", str(model), "--quiet", *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (out.exists() and archives.folder_image_names(out)) and started.poll() is None:
        time.sleep(0.01)
    return started


def test_a_kill_leaves_no_half_written_file(model: Path, sixty: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    started = begun(model, sixty, out)
    started.send_signal(signal.SIGKILL)
    started.communicate()
    written = archives.folder_image_names(out)
    assert 0 < len(written) < 60
    for name in written:
        with reopened(out / name) as image:
            image.load()
    again = begun(model, sixty, out, "--overwrite")
    again.communicate()
    assert again.returncode == 0
    assert len(archives.folder_image_names(out)) == 60


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.25, 0.35, 0.45, 0.55])  # seconds
def test_an_interrupt_at_the_start_ends_without_a_traceback(
    model: Path, sixty: Path, tmp_path: Path, delay: float
) -> None:
    begin = "import sys; from colorization.colorizing.command import main"
    program = f"{begin}; print(flush=True); sys.exit(main())"
    arguments = [str(sixty), "--output", str(tmp_path / "out"), "--model", str(model)]
    started = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.stdout.readline()  # type: ignore[union-attr]
    time.sleep(delay)
    started.send_signal(signal.SIGINT)
    _, error_output = started.communicate(timeout=60)
    assert started.returncode in (1, -signal.SIGINT)
    assert "Traceback" not in error_output


def test_an_ignored_interrupt_stays_ignored_and_another_thread_needs_no_signals(
    model: Path, box: Path, tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert colorize(model, box / "gray.png", "--output", tmp_path / "a") == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    with ThreadPoolExecutor(1) as pool:
        arguments = (model, box / "gray.png", "--output", tmp_path / "b")
        assert pool.submit(colorize, *arguments).result() == 0


def test_an_interrupt_finishes_running_jobs_and_starts_no_others(
    model: Path, sixty: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    started = begun(model, sixty, out, "--jobs", "8")  # 32 photographs are handed out at once
    before = len(archives.folder_image_names(out))
    started.send_signal(signal.SIGINT)
    for _ in range(5):  # an impatient user
        time.sleep(0.02)
        started.send_signal(signal.SIGINT)
    _, error_output = started.communicate(timeout=60)
    assert (started.returncode, error_output) == (
        1,
        "colorize: finishing what is in progress\n"
        "colorize: interrupted; finished files are complete\n",
    )
    # Beside the eight, some were done before the signal came.
    assert len(archives.folder_image_names(out)) <= before + 16
    assert not list(out.glob(".*"))
