"""The contact sheet of `colorize`, as a file and in a browser."""

import html.parser
import io
import os
import resource
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from chromium import CHROMIUM, needs_chromium
from colorization.colorizing import sheet
from colorization.colorizing.bulk import JobResult
from colorization.colorizing.jobs import Failure, Job, Kind
from colorization.colorizing.sheet import Sheet
from colorization.colorizing.thumbnails import LONGEST, Thumbnails, make_thumbnails
from colorization.core.errors import ColorizationError
from colorization.sources import scenes


def scene(width: int = 200, height: int = 150) -> Image.Image:
    return Image.fromarray(scenes.draw(np.random.default_rng(1), width, height))


@pytest.fixture(scope="module")
def thumbnails(tmp_path_factory: pytest.TempPathFactory) -> Thumbnails:
    path = tmp_path_factory.mktemp("result") / "result.jpg"
    scene(400, 300).save(path)
    return make_thumbnails(path, None, right_half=False)


class Page(html.parser.HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)

    def addresses(self) -> list[str]:
        return [
            unquote(attributes["href"] or "") for tag, attributes in self.elements if tag == "a"
        ]


def written(path: Path, outcomes: list[JobResult], failures: Sequence[Failure] = ()) -> Page:
    with Sheet(path) as contact_sheet:
        for outcome in outcomes:
            contact_sheet.add(outcome)
        contact_sheet.write("a summary", failures)
    return Page(path)


def test_thumbnails_are_the_result_in_gray_and_in_color(tmp_path: Path) -> None:
    scene(600, 450).save(tmp_path / "large.png")
    size, gray, color = make_thumbnails(tmp_path / "large.png", None, right_half=False)
    images = [Image.open(io.BytesIO(content)).convert("RGB") for content in (gray, color)]
    assert [image.size for image in images] == [size] * 2 == [(LONGEST, 240)] * 2
    spreads = [np.ptp(np.asarray(image).astype(int), axis=-1).mean() for image in images]
    assert spreads[0] < 3 < 20 < spreads[1]
    assert len(gray) + len(color) < 20_000 * 3 / 4  # base64 adds a third


def test_thumbnails_of_a_result_side_by_side_are_of_its_right_half(tmp_path: Path) -> None:
    both = Image.new("RGB", (400, 150))
    both.paste(scene(), (200, 0))
    both.save(tmp_path / "both.png")
    scene().save(tmp_path / "one.png")
    halved = make_thumbnails(tmp_path / "both.png", None, right_half=True)
    assert halved == make_thumbnails(tmp_path / "one.png", None, right_half=False)


def test_each_photograph_has_an_entry_that_links_to_its_result(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    jobs = [Job(tmp_path / "in" / name, tmp_path / "out" / name) for name in ("a.jpg", "b.jpg")]
    outcomes = [
        JobResult(jobs[0], Kind.COLORIZED, thumbnails=thumbnails),
        JobResult(jobs[1], Kind.EXISTS, thumbnails=None),  # its result is damaged
        JobResult(jobs[1], Kind.IN_COLOR, thumbnails=thumbnails),
        JobResult(jobs[1], Kind.FAILED, "damaged"),
    ]
    page = written(tmp_path / "sheets" / "sheet.html", outcomes, [Failure("b.jpg", "damaged")])
    assert page.addresses() == ["../out/a.jpg", "../out/b.jpg", "../in/b.jpg"]
    assert page.count("img") == 3  # gray and color, none, color
    assert "b.jpg: damaged" in page.text
    assert "a summary" in page.text
    assert [path.name for path in (tmp_path / "sheets").iterdir()] == ["sheet.html"]


NAMES = [
    "<script>alert(1)</script>.jpg",
    '"onmouseover="alert(1).jpg',
    "&amp; 100% #1 ?.jpg",
    "javascript:alert(1).jpg",
    "日本語 фото é.jpg",
    "\u202egnp.jpg",
    "line\nbreak.jpg",
    "not UTF-8 \udcff.jpg",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_text_and_addresses_lead_to_the_files(
    tmp_path: Path, thumbnails: Thumbnails, name: str
) -> None:
    job = Job(Path(name), tmp_path / name)
    entry = [JobResult(job, Kind.COLORIZED, thumbnails=thumbnails)]
    plain = [JobResult(Job(Path("a"), tmp_path / "a"), Kind.COLORIZED, thumbnails=thumbnails)]
    failures = [Failure(name, f"{name} is damaged")]
    page = written(tmp_path / "sheet.html", entry, failures)
    expected = written(tmp_path / "plain.html", plain, [Failure("a", "b")])
    names = [[tag for tag, _ in item.elements] for item in (page, expected)]
    assert names[0] == names[1]
    attributes = [set(given) for tag, given in page.elements if tag in {"a", "img"}]
    assert attributes == [set(given) for tag, given in expected.elements if tag in {"a", "img"}]
    (address,) = (given["href"] or "" for tag, given in page.elements if tag == "a")
    assert unquote(address, errors="surrogateescape") == name
    assert ":" not in address
    assert "\u202e" not in page.text


def test_a_sheet_without_results_says_so(tmp_path: Path) -> None:
    page = written(tmp_path / "sheet.html", [], [Failure("a.jpg", "not an image")])
    assert "No results." in page.text
    assert "a.jpg: not an image" in page.text


def test_a_long_list_of_failures_is_folded(tmp_path: Path) -> None:
    failures = [Failure(f"{number}.jpg", "damaged") for number in range(1000)]
    page = written(tmp_path / "sheet.html", [], failures)
    (details,) = (attributes for tag, attributes in page.elements if tag == "details")
    assert "open" not in details
    assert "1,000 failed" in page.text


def test_a_thousand_photographs_take_about_20_kb_each(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    outcome = JobResult(
        Job(Path("a.jpg"), tmp_path / "a.jpg"), Kind.COLORIZED, thumbnails=thumbnails
    )
    written(tmp_path / "sheet.html", [outcome] * 1000)
    assert (tmp_path / "sheet.html").stat().st_size < 1000 * 25_000


def test_only_sheets_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sheet.html"
    sheet.check(path)
    written(path, [])
    sheet.check(path)
    path.write_text("<!DOCTYPE html>\nmy own page")
    with pytest.raises(ColorizationError, match="exists, and is no contact sheet"):
        sheet.check(path)
    (tmp_path / "folder.html").mkdir()
    os.mkfifo(tmp_path / "pipe.html")
    for name in ("folder.html", "pipe.html"):
        with pytest.raises(ColorizationError, match=f"{name} is not a file, but a folder, a pipe"):
            sheet.check(tmp_path / name)
    with pytest.raises(ColorizationError, match="must end in"):
        sheet.check(tmp_path / "photo.jpg")


def test_an_unwritable_folder_is_reported_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ColorizationError, match="--sheet: cannot write"):
        Sheet(tmp_path / "file" / "sheet.html")


def test_a_full_disk_is_reported(tmp_path: Path, thumbnails: Thumbnails) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    outcome = JobResult(
        Job(Path("a.jpg"), tmp_path / "a.jpg"), Kind.COLORIZED, thumbnails=thumbnails
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))  # bytes
    try:
        with pytest.raises(ColorizationError, match=r"--sheet: cannot write .*File too large"):
            written(tmp_path / "sheet.html", [outcome])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, thumbnails: Thumbnails) -> None:
    folder = tmp_path / "sheets"
    job = Job(Path("a.jpg"), tmp_path / "a.jpg")
    with Sheet(folder / "sheet.html") as contact_sheet:
        contact_sheet.add(JobResult(job, Kind.COLORIZED, thumbnails=thumbnails))
    assert list(folder.iterdir()) == []


@needs_chromium
def test_keys_go_through_the_photographs_and_no_name_runs_a_script(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    names = [*(f"{number}.jpg" for number in range(9)), "<img src=x onerror=alert(1)>.jpg"]
    outcomes = [
        JobResult(Job(Path(name), tmp_path / name), Kind.COLORIZED, thumbnails=thumbnails)
        for name in names
    ]
    written(tmp_path / "sheet.html", outcomes)
    focused = "[...document.querySelectorAll('main a')].indexOf(document.activeElement)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("dialog", lambda dialog: messages.append(dialog.message))
        page.goto((tmp_path / "sheet.html").as_uri())
        positions = []
        for key in ("j", "j", "ArrowRight", "k", "ArrowDown", "ArrowUp", "k", "k", *["j"] * 10):
            page.keyboard.press(key)
            positions.append(page.evaluate(focused))
        assert positions[:8] == [0, 1, 2, 1, 3, 1, 0, 0]  # two columns
        assert positions[-1] == len(names) - 1
        last = page.locator("figure").last.bounding_box()
        assert last is not None
        assert 0 <= last["y"] < 800
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        loaded = "[...document.images].every((image) => image.complete && image.naturalWidth)"
        page.wait_for_function(loaded)
        assert messages == []
        browser.close()
