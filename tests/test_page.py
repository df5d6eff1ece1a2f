"""The command `colorize-page`, with and without a browser."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, Position, Route, expect, sync_playwright
from skimage import color

from chromium import CHROMIUM, needs_chromium
from colorization.colorizing import page
from colorization.colorizing.predictor import Predictor
from packaged import with_embedding, with_vividness
from samples import scene
from sites import Site, output_of_the_command, write_photographs

TURNED = "0.75"
FULL_SIZE = "Download in full size (PNG)"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TABLET = PHONE | {"viewport": {"width": 1280, "height": 800}}
LEAST_TARGET = 44  # px, of a finger


@pytest.fixture(scope="module")
def model() -> Path:
    """A model that takes hints."""
    return with_vividness()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def site(model: Path) -> Iterator[Site]:
    with Site(Predictor.load(model), page.NAMES_OF_HERE) as opened:
        yield opened


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


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", "99999"), ("no.such.host.invalid", "0"), ("ä..b", "0")]
)
def test_an_invalid_address_is_reported_in_one_line(
    model: Path, capsys: pytest.CaptureFixture[str], host: str, port: str
) -> None:
    line = error_line(capsys, "--model", str(model), "--host", host, "--port", port)
    assert line.startswith(f"colorize-page: cannot serve at {host}, port {port}: ")


def test_a_missing_package_is_reported_in_one_line(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert error_line(capsys, "--model", str(model), "--port", "0") == (
        'colorize-page: the page needs uvicorn: pip install "colorization-pipeline[page]"'
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


def test_the_page_is_served_while_a_browser_in_the_terminal_runs_and_uploads_break_off(
    model: Path, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\nexec sleep 60 > /dev/null 2>&1\n")
    browser.chmod(0o755)
    with served(model, tmp_path / "temporary", f"{browser} %s") as url:
        assert requests.get(url, timeout=60).ok
        # A page that is closed during an upload is no error.
        with socket.create_connection(("127.0.0.1", int(url.split(":")[2].strip("/")))) as sent:
            head = "POST /photographs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
            sent.sendall(head.encode())


def test_the_command_answers_only_requests_for_this_machine(model: Path, tmp_path: Path) -> None:
    """Otherwise the page of a site whose name leads here could read the photographs."""
    with served(model, tmp_path / "temporary") as url:
        answers = [
            requests.get(url, headers={"Host": host}, timeout=60).status_code
            for host in ("localhost", "example.org")
        ]
    assert answers == [200, 400]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def browsing(browser: Browser, site: Site, **options: object) -> Iterator[Page]:
    """Open the page, and check that it requests nothing from elsewhere and that nothing fails."""
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    opened = context.new_page()
    asked: list[str] = []
    failures: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: failures.append(str(error)))
    opened.goto(site.address)
    opened.locator("#files:enabled").wait_for(state="attached")
    yield opened
    context.close()
    assert asked
    assert [url for url in asked if not url.startswith((site.address, "data:", "blob:"))] == []
    assert failures == []


def upload(opened: Page, *photographs: Path) -> None:
    """Upload photographs, and wait for their colorized previews."""
    opened.set_input_files("#files", photographs)
    for photograph in photographs:
        button = opened.get_by_role("button", name=photograph.name, exact=True)
        expect(button).to_be_enabled(timeout=60_000)


def downloaded(opened: Page, out: Path) -> bytes:
    with opened.expect_download() as download:
        opened.get_by_role("link", name=FULL_SIZE).click()
    download.value.save_as(out)
    return out.read_bytes()


def place_hint(opened: Page, across: float, down: float, color: int) -> None:
    """Press a place of the photograph, and choose one of the likely colors."""
    box = opened.locator("#gray").bounding_box()
    assert box is not None
    place: Position = {"x": across * box["width"], "y": down * box["height"]}
    opened.locator("#gray").click(position=place, force=True)  # under the colors
    opened.locator(".swatch").nth(color).click()
    opened.get_by_role("button", name="Done").click()


def previews(opened: Page) -> list[str]:
    return opened.locator("#stage img").evaluate_all("images => images.map(image => image.src)")


@needs_chromium
def test_in_a_browser_photographs_are_colorized_adjusted_and_downloaded(
    browser: Browser, site: Site, model: Path, photos: Path, tmp_path: Path
) -> None:
    names = ("turned.jpg", "deep.png", "clear & <b>.png")
    with browsing(browser, site) as opened:
        upload(opened, *(photos / name for name in names))
        for name in names:
            opened.get_by_role("button", name=name, exact=True).click()
            at_default = downloaded(opened, tmp_path / "down.png")
            expected = output_of_the_command(
                model, photos / name, tmp_path / f"{name} of the command"
            )
            assert at_default == expected
        # By the keyboard alone.
        before = previews(opened)
        opened.get_by_role("slider", name="Vividness").focus()
        for _ in range(5):
            opened.keyboard.press("ArrowRight")
        link = opened.get_by_role("link", name=FULL_SIZE)
        expect(link).to_have_attribute("href", re.compile(f"vividness={TURNED}$"))
        assert [one == other for one, other in zip(before, previews(opened), strict=True)] == [
            True,
            False,
        ]
        assert link.get_attribute("download") == "clear & <b>.png"
        adjusted = downloaded(opened, tmp_path / "turned.png")
        photo = photos / "clear & <b>.png"
        expected = output_of_the_command(model, photo, tmp_path / "turned", "--vividness", TURNED)
        assert adjusted == expected
        opened.get_by_role("slider", name="Gray to color").focus()
        opened.keyboard.press("Home")
        expect(opened.locator("#color")).to_have_css("clip-path", "inset(0px 100% 0px 0px)")
        alternatives = opened.locator("#stage img").evaluate_all("them => them.map(it => it.alt)")
        assert alternatives == ["The photograph in gray", "The same in predicted colors"]


@needs_chromium
def test_in_a_browser_a_closed_page_drops_its_photographs(
    browser: Browser, site: Site, photos: Path
) -> None:
    with browsing(browser, site) as opened:
        upload(opened, photos / "turned.jpg")
        address = opened.get_by_role("link", name=FULL_SIZE).get_attribute("href")
        assert address is not None
        photograph = address.partition("?")[0]
        assert site.get(photograph).status_code == 200
        opened.close(run_before_unload=True)
        for _ in range(100):
            if site.get(photograph).status_code == 404:
                break
            time.sleep(0.1)
        assert site.get(photograph).status_code == 404


@needs_chromium
def test_in_a_browser_colors_have_names(browser: Browser, site: Site, photos: Path) -> None:
    with browsing(browser, site) as opened:
        names = opened.evaluate(
            "colors => import('./names.js').then(({nameOf}) => colors.map(nameOf))",
            ["#00008b", "#040494", "#a0522d", "#7f8280", "#ffffff"],
        )
        assert names == ["dark blue", "dark blue", "sienna", "gray", "white"]
        upload(opened, photos / "turned.jpg")
        place_hint(opened, 0.25, 0.5, 0)
        opened.locator(".marker").click()
        swatches = opened.get_by_role("group", name="Likely colors").get_by_role("button")
        expect(swatches.first).to_have_attribute("aria-pressed", "true")
        names = swatches.evaluate_all("them => them.map(it => it.ariaLabel)")
        assert all(re.fullmatch(r"Likely color \d, [a-z ]+", name) for name in names)
        opened.get_by_label("Any other").fill("#2b5ce0")
        expect(opened.get_by_role("status")).to_have_text("Hint 1 is royal blue.")
        opened.get_by_role("button", name="Hint 1, royal blue: change it").wait_for()
        opened.get_by_role("button", name="Change hint 1, royal blue").wait_for()


@needs_chromium
def test_in_a_browser_a_photograph_that_is_in_color_is_said_to_be(
    browser: Browser, site: Site, photos: Path
) -> None:
    with browsing(browser, site) as opened:
        sentence = opened.get_by_text("This photograph is in color already")
        upload(opened, photos / "turned.jpg", photos / "deep.png")
        expect(sentence).to_have_count(1)
        opened.get_by_role("button", name="deep.png", exact=True).click()
        expect(sentence).to_have_count(0)


@needs_chromium
def test_in_a_browser_a_failure_leaves_the_other_photographs(
    browser: Browser, site: Site, photos: Path
) -> None:
    with browsing(browser, site) as opened:
        upload(opened, photos / "turned.jpg")
        opened.set_input_files("#files", [photos / "broken.jpg", photos / "cut.jpg"])
        opened.get_by_role("alert").filter(has_text="broken.jpg: ").wait_for()
        opened.get_by_role("heading", name="cut.jpg").wait_for()
        opened.get_by_text("missing end marker").wait_for()
        path = re.sub("/full.*", "", opened.locator("#download").get_attribute("href") or "")
        opened.get_by_role("button", name="Remove cut.jpg").click()
        opened.get_by_role("heading", name="turned.jpg").wait_for()
        assert opened.locator("#photographs li").count() == 1
        assert site.get(f"{path}/gray").status_code == 404
        # A photograph that was dropped to hold others is sent again.
        forgotten = opened.locator("#download").get_attribute("href") or ""
        site.delete(forgotten.split("/full")[0])
        opened.get_by_role("slider", name="Vividness").focus()
        opened.keyboard.press("End")
        expect(opened.locator("#download")).to_have_attribute("href", re.compile("vividness=1$"))
        assert opened.locator("#download").get_attribute("href") != forgotten


@needs_chromium
def test_in_a_browser_what_was_removed_while_it_was_sent_fails_alone(
    browser: Browser, site: Site, photos: Path
) -> None:
    with browsing(browser, site) as opened:
        upload(opened, photos / "turned.jpg")
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        opened.route(lambda url: url.endswith("/photographs"), hold)
        opened.set_input_files("#files", photos / "broken.jpg")
        opened.get_by_role("button", name="Remove broken.jpg").click()
        with opened.expect_response(lambda response: response.status >= 400):
            held[0].continue_()
        opened.unroute_all()
        upload(opened, photos / "deep.png")
        assert opened.locator("#photographs li").count() == 2
        assert opened.get_by_text("broken.jpg").count() == 0


@needs_chromium
def test_in_a_browser_hints_are_placed_changed_undone_and_kept_in_the_download(
    browser: Browser, site: Site, model: Path, photos: Path, tmp_path: Path
) -> None:
    with browsing(browser, site) as opened:
        upload(opened, photos / "turned.jpg")
        unhinted = previews(opened)[1]
        place_hint(opened, 0.25, 0.5, 1)
        place_hint(opened, 0.75, 0.75, 0)
        markers, lines = opened.locator(".marker"), opened.locator("#hint-list li")
        expect(markers).to_have_count(2)
        expect(lines.first).to_contain_text("at 50, 150")
        # Any other color, for the second hint.
        markers.nth(1).click()
        opened.get_by_label("Any other").fill("#c02040")
        opened.keyboard.press("Escape")
        expect(lines.nth(1)).to_contain_text("#c02040 at 150, 225")
        # Dragged, then moved by the keyboard.
        box = markers.nth(1).bounding_box()
        assert box is not None
        opened.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        opened.mouse.down()
        opened.mouse.move(box["x"] - 50, box["y"] - 50, steps=4)
        opened.mouse.up()
        expect(opened.get_by_role("status")).to_have_text("Hint 2 moved.")
        expect(lines.nth(1)).not_to_contain_text("at 150, 225")
        assert not opened.locator("#palette").is_visible()  # moved, not pressed
        opened.get_by_role("button", name="Undo").click()
        expect(lines.nth(1)).to_contain_text("at 150, 225")
        markers.nth(1).focus()
        opened.keyboard.press("ArrowLeft")
        expect(lines.nth(1)).to_contain_text("at 144, 225")  # 2% of 300 px
        expect(markers.nth(1)).to_be_focused()
        # A third one by the keyboard alone, removed at once.
        opened.locator("#stage").focus()
        opened.keyboard.press("Shift+ArrowUp")
        opened.keyboard.press("Enter")
        expect(opened.locator(".swatch").first).to_be_focused()
        opened.keyboard.press("Enter")
        expect(lines.nth(2)).to_contain_text("at 100, 149")
        opened.keyboard.press("Escape")
        markers.nth(2).focus()
        opened.keyboard.press("Delete")
        expect(lines).to_have_count(2)
        # The download is what the command makes of the same hints.
        rows = lines.locator(".open").all_inner_texts()
        hints = tmp_path / "hints.csv"
        places = re.findall(r"(#\w+) at (\d+), (\d+)", "\n".join(rows))
        assert len(places) == 2
        of_file = [f"{photos / 'turned.jpg'},{x},{y},{color}" for color, x, y in places]
        hints.write_text("\n".join(["file,x,y,color", *of_file]))
        expect(opened.locator("#stage")).not_to_have_attribute("aria-busy", "true")
        actual = downloaded(opened, tmp_path / "down.png")
        expected = output_of_the_command(
            model, photos / "turned.jpg", tmp_path / "command", "--hints", str(hints)
        )
        assert actual == expected
        # All undone, first by the keyboard.
        opened.keyboard.press("Control+z")
        expect(lines).to_have_count(3)
        undo = opened.get_by_role("button", name="Undo")
        while undo.is_enabled():
            undo.click()
        expect(markers).to_have_count(0)
        expect(opened.locator("#stage")).not_to_have_attribute("aria-busy", "true")
        assert previews(opened)[1] != unhinted  # made again, and
        assert downloaded(opened, tmp_path / "unhinted.png") == output_of_the_command(
            model, photos / "turned.jpg", tmp_path / "unhinted"
        )


@needs_chromium
def test_in_a_browser_a_hint_to_the_released_model_colors_a_disk_alone(
    browser: Browser, tmp_path: Path
) -> None:
    rows, columns = np.mgrid[-128:128, -128:128] + 0.5
    distance = np.hypot(rows, columns)
    Image.fromarray(np.where(distance < 64, 160, 100).astype(np.uint8)).save(tmp_path / "disk.png")
    with Site(Predictor.load(), ["*"]) as site, browsing(browser, site) as opened:
        upload(opened, tmp_path / "disk.png")
        downloaded(opened, tmp_path / "before.png")
        place_hint(opened, 0.5, 0.5, 0)
        opened.locator(".marker").click()
        opened.get_by_label("Any other").fill("#a8786c")
        opened.keyboard.press("Escape")
        expect(opened.locator("#hint-list")).to_contain_text("#a8786c at 128, 128")
        expect(opened.locator("#stage")).not_to_have_attribute("aria-busy", "true")
        downloaded(opened, tmp_path / "after.png")
    before, after = (
        color.rgb2lab(np.asarray(Image.open(tmp_path / name).convert("RGB")))
        for name in ("before.png", "after.png")
    )
    asked = color.rgb2lab([[[0xA8 / 255, 0x78 / 255, 0x6C / 255]]])
    asked = np.dstack([after[..., :1], np.broadcast_to(asked[..., 1:], (256, 256, 2))])
    assert color.deltaE_ciede2000(asked, after)[distance < 6].mean() < 5
    assert color.deltaE_ciede2000(before, after)[distance > 80].max() < 2


@needs_chromium
def test_in_a_browser_hints_on_a_border_are_refused(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    picture = Image.fromarray(scene(2, 300, 200))
    ImageOps.expand(picture, 40, (250, 250, 250)).save(tmp_path / "scan.png")
    with browsing(browser, site) as opened:
        upload(opened, tmp_path / "scan.png")
        opened.locator("#gray").click(position={"x": 5, "y": 5}, force=True)
        alert = opened.get_by_role("alert").filter(has_text="on the photograph's border")
        alert.wait_for()
        assert not opened.locator("#palette").is_visible()
        place_hint(opened, 0.5, 0.5, 0)
        expect(alert).to_have_count(0)
        marker = opened.locator(".marker")
        marker.drag_to(opened.locator("#gray"), target_position={"x": 5, "y": 5}, force=True)
        alert.wait_for()
        expect(opened.locator("#hint-list")).to_contain_text("at 190, 140")
        undo = opened.get_by_role("button", name="Undo")
        undo.click()
        expect(marker).to_have_count(0)
        expect(undo).to_be_disabled()


@needs_chromium
@pytest.mark.parametrize("device", [PHONE, TABLET], ids=["phone", "tablet"])
def test_with_touch_nothing_overflows_and_fingers_can_press_everything(
    browser: Browser, site: Site, photos: Path, device: dict[str, Any]
) -> None:
    with browsing(browser, site, **device) as opened:
        upload(opened, *(photos / name for name in ("turned.jpg", "deep.png", "cut.jpg")))
        box = opened.locator("#stage").bounding_box()
        assert box is not None
        opened.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        opened.locator(".swatch").first.tap()
        expect(opened.locator(".marker")).to_have_count(1)
        width = opened.evaluate("document.documentElement.scrollWidth")
        assert width == device["viewport"]["width"]
        sizes = opened.locator("button, a, label, input:not(#files)").evaluate_all(
            "them => them.filter(it => it.checkVisibility()).map("
            "it => [it.outerHTML, it.offsetWidth, it.offsetHeight])"
        )
        assert len(sizes) > 10
        assert [size for size in sizes if min(size[1:]) < LEAST_TARGET] == []


@needs_chromium
def test_a_model_without_hints_shows_none(browser: Browser, photos: Path) -> None:
    with (
        Site(Predictor.load(with_embedding()), ["*"]) as site,
        browsing(browser, site) as opened,
    ):
        upload(opened, photos / "turned.jpg")
        assert not opened.get_by_role("heading", name="Hints").is_visible()
        opened.locator("#gray").click(force=True)
        assert not opened.locator("#palette").is_visible()


@pytest.mark.soak
@needs_chromium
def test_in_a_browser_a_hundred_megapixels_are_colorized(
    browser: Browser, site: Site, model: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "large.jpg"
    Image.fromarray(scene(1, 400, 250)).resize((12_500, 8_000)).save(photo)
    with browsing(browser, site) as opened:
        upload(opened, photo)
        actual = downloaded(opened, tmp_path / "down.png")
    assert actual == output_of_the_command(model, photo, tmp_path / "command")
