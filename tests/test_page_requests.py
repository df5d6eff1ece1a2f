"""What the page's application answers to requests, without a browser."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from colorization.colorizing import application, page
from colorization.colorizing.predictor import Predictor
from colorization.colorizing.uploads import Uploads
from packaged import with_embedding, with_vividness
from sites import Site, write_photographs


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(Predictor.load(with_vividness()), page.NAMES_OF_HERE) as opened:
        yield opened


@pytest.fixture(scope="module")
def turned(site: Site, photos: Path) -> str:
    """The path of an uploaded photograph of 200 x 300 px."""
    return site.add(photos / "turned.jpg")


def test_previews_are_jpeg_or_png_with_transparency(site: Site, photos: Path, turned: str) -> None:
    for path, kind, mode in [
        (turned, "JPEG", "RGB"),
        (site.add(photos / "clear & <b>.png"), "PNG", "RGBA"),
    ]:
        for part in ("gray", "colorized"):
            answer = site.get(f"{path}/{part}")
            image = Image.open(io.BytesIO(answer.content))
            assert (image.format, image.mode) == (kind, mode)
            assert answer.headers["content-type"] == f"image/{kind.lower()}"


def test_an_answer_says_the_upright_size_and_what_is_doubtful(site: Site, photos: Path) -> None:
    answer = site.post("photographs", data=(photos / "turned.jpg").read_bytes()).json()
    assert (answer["width"], answer["height"], answer["warnings"]) == (200, 300, [])
    assert answer["in_color"] is True
    answer = site.post("photographs", data=(photos / "cut.jpg").read_bytes()).json()
    assert "missing end marker" in answer["warnings"][0]
    answer = site.post("photographs", data=(photos / "deep.png").read_bytes()).json()
    assert answer["in_color"] is False


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("hint=1,2", "a hint must be X,Y,COLOR; found '1,2'"),
        ("hint=a,2,red", "x must be a number; found 'a'"),
        ("hint=nan,2,red", "x and y of a hint must be finite numbers"),
        ("hint=1,2,reddish", "unknown color 'reddish'"),
        ("hint=200,2,red", "is outside the photograph, which is 200 x 300 px"),
        ("vividness=2", "vividness must be from 0 to 1; found 2.0"),
        ("saturation=much", "saturation must be a number; found 'much'"),
    ],
)
def test_a_wrong_query_is_answered_in_one_line(
    site: Site, turned: str, query: str, expected: str
) -> None:
    for part in ("colorized", "full"):
        answer = site.get(f"{turned}/{part}?{query}")
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/plain")
        assert len(answer.text.splitlines()) == 1
        assert expected in answer.text


def test_a_forgotten_photograph_is_not_found(site: Site, photos: Path) -> None:
    path = site.add(photos / "cut.jpg")
    assert site.delete(path).status_code == 204
    for part in ("gray", "colorized", "full", "likely?x=1&y=1"):
        answer = site.get(f"{path}/{part}")
        assert answer.status_code == 404
        assert answer.text == "this photograph is no longer in memory; drop it again"
    assert site.delete(path).status_code == 204


def test_an_upload_that_is_no_photograph_is_refused(site: Site, photos: Path) -> None:
    answer = site.post("photographs", data=(photos / "broken.jpg").read_bytes())
    assert answer.status_code == 400
    assert "truncated" in answer.text


def test_uploads_are_bounded(site: Site, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (photos / "cut.jpg").read_bytes()
    assert site.post("photographs", data=iter([content])).status_code == 411  # of any length
    monkeypatch.setattr(application, "MOST_WAITING", len(content) - 1)
    assert site.post("photographs", data=content).status_code == 503
    monkeypatch.setattr(application, "LARGEST_UPLOAD", len(content) - 1)
    assert site.post("photographs", data=content).status_code == 413
    monkeypatch.undo()
    assert site.post("photographs", data=content).status_code == 201


def test_requests_of_other_sites_are_refused(site: Site) -> None:
    assert site.get("", headers={"Host": "elsewhere.example"}).status_code == 400
    assert site.get("", headers={"Host": "localhost:7860"}).status_code == 200
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}):
        assert site.post("photographs", data=b"", headers=headers).status_code == 403
        assert site.delete("photographs/name", headers=headers).status_code == 403
        assert site.get("", headers=headers).status_code == 200  # a link leads here
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": site.address}):
        assert site.delete("photographs/name", headers=headers).status_code == 204


@pytest.mark.parametrize(
    "path", ["", "page.js", "server.js", "names.js", "page.css", "icon.svg", "model", "nothing"]
)
def test_every_answer_forbids_what_is_elsewhere(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == (404 if path == "nothing" else 200)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_previews_do_not_wait_for_photographs_in_full_size(
    site: Site, turned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def wait(*_: object) -> bytes:
        released.wait(60)
        return b""

    monkeypatch.setattr(Uploads, "png", wait)
    count = 2 * application.MOST_AT_A_TIME
    threads = [
        threading.Thread(target=requests.get, args=[f"{site.address}/{turned}/full"])
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        answer = site.get(f"{turned}/colorized?hint=20,30,teal")
        assert answer.status_code == 200
        assert all(thread.is_alive() for thread in threads)
    finally:
        released.set()
        for thread in threads:
            thread.join()


def test_a_model_without_hints_refuses_them(photos: Path) -> None:
    with Site(Predictor.load(with_embedding()), ["*"]) as site:
        assert site.get("model").json()["takes_hints"] is False
        path = site.add(photos / "turned.jpg")
        assert site.get(f"{path}/colorized").status_code == 200
        answer = site.get(f"{path}/colorized?hint=1,1,red")
        assert (answer.status_code, answer.text) == (400, "this model takes no hints")
