"""The command `colorize-page`, with and without a browser."""

import io
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import create_autospec

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from colorization.colorizing import command, page, uploads
from colorization.colorizing.colorizer import Colorizer, load
from colorization.colorizing.uploads import Uploads
from colorization.core.errors import ColorizationError
from packaged import with_vividness
from samples import encoded, scene

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
TURNED = "0.75"


@pytest.fixture(scope="module")
def model() -> Path:
    return with_vividness()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    color = Image.fromarray(scene(1, 300, 200))
    adjusted = Image.Exif()
    adjusted[0x0112] = 6
    adjusted[0x013B] = "somebody"
    color.save(folder / "turned.jpg", exif=adjusted)
    Image.fromarray((np.asarray(color.convert("L"), np.uint16) << 8) + 77).save(folder / "deep.png")
    clear = color.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(color.size))
    clear.save(folder / "clear & <b>.png")
    (folder / "broken.jpg").write_bytes((folder / "turned.jpg").read_bytes()[:900])
    return folder


@pytest.fixture
def held(model: Path) -> Uploads:
    return Uploads(load(model))


def output_of_the_command(model: Path, photo: Path, out: Path, *options: str) -> bytes:
    arguments = [str(photo), "--model", str(model), "--output", str(out), "--format", "png"]
    assert command.main([*arguments, "--quiet", *options]) == 0
    return (out / photo.with_suffix(".png").name).read_bytes()


@pytest.mark.parametrize("name", ["turned.jpg", "deep.png", "clear & <b>.png"])
def test_a_download_is_the_file_that_the_command_writes(
    held: Uploads, model: Path, photos: Path, tmp_path: Path, name: str
) -> None:
    upload = held.add((photos / name).read_bytes())
    expected = output_of_the_command(model, photos / name, tmp_path, "--vividness", TURNED)
    assert held.png(upload, vividness=float(TURNED)) == expected
    at_default = output_of_the_command(model, photos / name, tmp_path / "default")
    assert held.png(upload) == at_default != expected


def test_the_network_runs_once_per_photograph_at_any_vividness(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = create_autospec(Colorizer.predict, side_effect=Colorizer.predict)
    monkeypatch.setattr(Colorizer, "predict", predict)
    held = Uploads(load(model))
    upload = held.add((photos / "turned.jpg").read_bytes())
    adjusted = [np.asarray(held.colorized(upload, vividness)) for vividness in (0, 0.5, 1)]
    held.png(upload, 1.0)
    assert predict.call_count == 1
    assert all((one != other).any() for one, other in itertools.pairwise(adjusted))
    assert np.ptp(np.asarray(held.gray(upload)).astype(int), axis=-1).max() <= 1


def test_previews_are_small_and_downloads_in_full_size(held: Uploads) -> None:
    upload = held.add(encoded(Image.fromarray(scene(1)).resize((3000, 1000)), "JPEG"))
    assert held.colorized(upload).size == (1200, 400)
    assert Image.open(io.BytesIO(held.png(upload))).size == (3000, 1000)


def test_the_oldest_uploads_are_dropped(held: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(scene(1))
    taken = held._held[held.add(content)].nbytes
    assert taken > len(content) + held._predictor.image_size**2  # not the file alone
    monkeypatch.setattr(uploads, "MOST_HELD", 2 * taken)
    names = [held.add(content) for _ in range(3)]
    with pytest.raises(KeyError):
        held.colorized(names[0])
    held.forget(names[1])
    with pytest.raises(KeyError):
        held.gray(names[1])
    held.colorized(names[2])


def test_undecodable_uploads_are_not_kept(held: Uploads, photos: Path) -> None:
    with pytest.raises(ColorizationError):
        held.add((photos / "broken.jpg").read_bytes())


def error_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert page.main([*arguments, "--no-browser"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_used_port_is_reported_in_one_line(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert error_line(capsys, "--model", str(model), "--port", str(port)) == (
            f"colorize-page: cannot serve at 127.0.0.1, port {port}: Address already in use; "
            "--port 0 uses any free port"
        )


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", "99999"), ("no.such.host.invalid", "0")])
def test_an_invalid_address_is_reported_in_one_line(
    model: Path, capsys: pytest.CaptureFixture[str], host: str, port: str
) -> None:
    line = error_line(capsys, "--model", str(model), "--host", host, "--port", port)
    assert line.startswith(f"colorize-page: cannot serve at {host}, port {port}: ")


def test_a_missing_gradio_is_reported_in_one_line(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert error_line(capsys, "--model", str(model), "--port", "0") == (
        'colorize-page: the page needs Gradio: pip install "colorization-pipeline[page]"'
    )


def test_an_invalid_model_is_reported_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = error_line(capsys, "--model", str(tmp_path))
    assert line.startswith(f"colorize-page: {tmp_path} is not a packaged model")


@contextmanager
def served(model: Path, temporary: Path, browser: str | None = None) -> Iterator[str]:
    """Run the command, and provide the page's URL."""
    temporary.mkdir()
    options = ["--port", "0", *([] if browser else ["--no-browser"])]
    process = subprocess.Popen(
        [sys.executable, "-m", page.__name__, "--model", model, *options],
        env=os.environ | {"TMPDIR": str(temporary)} | ({"BROWSER": browser} if browser else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        pattern = r"^Serving at (http://127\.0\.0\.1:\d+/); press Ctrl-C to stop\.$"
        (url,) = re.findall(pattern, line)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (output, errors, process.returncode) == ("", "", 0)
    assert list(temporary.iterdir()) == []


def test_the_page_is_served_while_a_browser_in_the_terminal_runs(
    model: Path, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\nexec sleep 60 > /dev/null 2>&1\n")
    browser.chmod(0o755)
    with served(model, tmp_path / "temporary", f"{browser} %s") as url:
        assert requests.get(url, timeout=60).ok


@contextmanager
def browsing(url: str) -> Iterator[Page]:
    """Open the page in Chromium, and check that it requests nothing from elsewhere."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(url)
        yield opened
        browser.close()
    assert asked
    assert [each for each in asked if not each.startswith((url, "data:", "blob:"))] == []


def upload(opened: Page, photo: Path) -> None:
    """Upload a photograph, and wait for its colorized preview."""
    before = opened.locator("img.color").count() and opened.locator("img.color").get_attribute(
        "src"
    )
    opened.set_input_files("input[type=file]", photo)
    opened.wait_for_function(
        "before => (document.querySelector('img.color') || {}).src !== (before || undefined)",
        arg=before,
        timeout=120_000,
    )


def downloaded(opened: Page, out: Path) -> bytes:
    with opened.expect_download(timeout=300_000) as download:
        opened.get_by_role("link", name="Download in full size (PNG)").click()
    download.value.save_as(out)
    return out.read_bytes()


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser_photographs_are_colorized_adjusted_and_downloaded(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    with served(model, tmp_path / "temporary") as url, browsing(url) as opened:
        for name in ("turned.jpg", "deep.png", "clear & <b>.png"):
            upload(opened, photos / name)
            at_default = downloaded(opened, tmp_path / "down.png")
            expected = output_of_the_command(model, photos / name, tmp_path / f"of {name}")
            assert at_default == expected
        # By the keyboard alone.
        vividness_slider = opened.get_by_role("slider", name="Vividness")
        vividness_slider.focus()
        before = opened.locator("img.color").get_attribute("src")
        for _ in range(5):
            opened.keyboard.press("ArrowRight")
        link = opened.get_by_role("link", name="Download in full size (PNG)")
        opened.wait_for_function(f"document.querySelector('a[href$=\"vividness={TURNED}\"]')")
        assert opened.locator("img.color").get_attribute("src") != before
        assert link.get_attribute("download") == "clear & b.png"  # as Gradio names what it got
        adjusted = downloaded(opened, tmp_path / "turned.png")
        expected = output_of_the_command(
            model, photos / "clear & <b>.png", tmp_path / "turned", "--vividness", TURNED
        )
        assert adjusted == expected
        opened.get_by_role("slider", name="Gray to color").focus()
        opened.keyboard.press("End")
        opened.wait_for_function(
            "getComputedStyle(document.querySelector('img.color'))"
            ".getPropertyValue('--split') === '100%'"
        )
        named = opened.locator("img").evaluate_all("images => images.map(image => image.alt)")
        assert named == ["The photograph in gray", "The same in predicted colors"]
        address = url + (link.get_attribute("href") or "")
        opened.set_input_files("input[type=file]", photos / "broken.jpg")
        opened.get_by_role("alert").filter(has_text="broken.jpg: ").wait_for()
        # The previous photograph is removed.
        assert [opened.locator(part).count() for part in ("img", "a[download]")] == [0, 0]
        assert not vividness_slider.is_visible()
        assert requests.get(address, timeout=60).status_code == 404
        (photos / "cut.jpg").write_bytes(encoded(scene(4, 60, 44), "JPEG")[:-2])
        upload(opened, photos / "cut.jpg")
        assert vividness_slider.is_visible()
        opened.get_by_role("status").filter(has_text="missing end marker").wait_for()
        on_disk = [each for each in (tmp_path / "temporary").rglob("*") if each.is_file()]
        assert [each for each in on_disk if each.stat().st_size] == []


@pytest.mark.soak
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser_a_hundred_megapixels_are_colorized(model: Path, tmp_path: Path) -> None:
    photo = tmp_path / "large.jpg"
    Image.fromarray(scene(1, 400, 250)).resize((12_500, 8_000)).save(photo)
    with served(model, tmp_path / "temporary") as url, browsing(url) as opened:
        upload(opened, photo)
        actual = downloaded(opened, tmp_path / "down.png")
    assert actual == output_of_the_command(model, photo, tmp_path / "command")
