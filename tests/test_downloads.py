"""Downloads are complete and verified, or fail, whatever the server does."""

import base64
import errno
import hashlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import numpy as np
import pytest

from colorization.core.errors import ColorizationError
from colorization.sources import downloads
from colorization.sources.downloads import downloaded
from colorization.sources.remote import RemoteFile
from conftest import ROOT
from web import Site, serve

CONTENT = np.random.default_rng(1).bytes(300_000)
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "RETRIES", 3)
    monkeypatch.setattr(downloads, "BACKOFF", 0.0)
    monkeypatch.setattr(downloads, "CHUNK", 1000)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(Site(CONTENT)) as served:
        yield served


def fetch(site: Site, folder: Path, **recorded: str | int) -> bytes:
    """The content of a download, which leaves no files behind."""
    with downloaded(RemoteFile(site.url(), **recorded), folder) as path:  # type: ignore[arg-type]
        content = path.read_bytes()
    assert list(folder.iterdir()) == []
    return content


def refusal(site: Site, folder: Path, **recorded: str | int) -> str:
    with pytest.raises(ColorizationError) as caught:
        fetch(site, folder, **recorded)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def ranges(site: Site) -> list[str | None]:
    return [wanted for _, wanted in site.asked]


def test_a_file_is_downloaded(site: Site, tmp_path: Path) -> None:
    recorded: dict = {"algorithm": "md5", "checksum": MD5, "length": len(CONTENT)}
    assert fetch(site, tmp_path / "new" / "folder", **recorded) == CONTENT
    assert ranges(site) == [None]


def test_a_download_resumes_after_each_of_ten_interruptions(site: Site, tmp_path: Path) -> None:
    site.cuts = np.random.default_rng(2).integers(1, 25_000, 10).tolist()
    ends = np.cumsum(site.cuts)
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, *(f"bytes={end}-" for end in ends)]


def test_a_later_call_resumes(site: Site, tmp_path: Path) -> None:
    site.cuts = [100_000, 0, 0, 0, 0]
    message = refusal(site, tmp_path)
    assert message == (
        f"{site.url()}: connection lost, 4 times in a row; run the same command again to resume"
    )
    site.asked.clear()
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == ["bytes=100000-"]


def test_a_complete_file_is_not_downloaded_again(site: Site, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), downloaded(RemoteFile(site.url()), tmp_path):
        raise OSError(errno.ENOSPC, "full disk")
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize("how", ["etag", "date"])
def test_two_versions_are_not_mixed(site: Site, tmp_path: Path, how: str) -> None:
    if how == "date":
        site.etag = None
    site.cuts = [100_000, 0, 0, 0, 0]
    refusal(site, tmp_path)
    site.content = CONTENT[::-1]
    if how == "etag":
        site.etag = '"two"'
    else:  # what the server now compares with is another date
        about = next(tmp_path.glob("*.json"))
        about.write_text(about.read_text().replace("1970", "1969"))
    assert fetch(site, tmp_path) == CONTENT[::-1]


def test_a_server_that_ignores_if_range_does_not_get_two_versions_mixed(
    site: Site, tmp_path: Path
) -> None:
    site.cuts = [100_000, 0, 0, 0, 0]
    refusal(site, tmp_path)
    site.content, site.etag, site.if_range = CONTENT[::-1], '"two"', False
    assert fetch(site, tmp_path) == CONTENT[::-1]


def test_a_different_length_is_a_different_version(site: Site, tmp_path: Path) -> None:
    site.cuts = [100_000, 0, 0, 0, 0]
    refusal(site, tmp_path)
    site.content = CONTENT[::-1][:-1]
    assert fetch(site, tmp_path) == site.content


def test_an_unknown_total_is_that_of_the_first_response(site: Site, tmp_path: Path) -> None:
    site.total = False
    site.cuts = [100_000, 100_000]
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, "bytes=100000-", "bytes=200000-"]


def test_bytes_beyond_the_expected_length_are_not_read(site: Site, tmp_path: Path) -> None:
    site.length = False
    assert "expected 1,000 bytes; received " in refusal(site, tmp_path, length=1000)


def refused_at_once(url: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The error of a URL that is not requested again."""
    with pytest.raises(ColorizationError) as caught, downloaded(RemoteFile(url), folder):
        pass
    assert "again" not in capsys.readouterr().out
    return str(caught.value).removeprefix(f"{url}: ")


def test_tls_errors_are_not_retried(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = site.url().replace("http:", "https:")  # the port speaks no TLS
    printed = refused_at_once(url, tmp_path, capsys)
    assert printed == "no secure connection; is the server's certificate trusted?"


def test_circular_redirects_are_not_retried(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = refused_at_once(site.url("circle"), tmp_path, capsys)
    assert printed == "too many redirects"
    assert len(site.asked) == 31  # what requests follows, and the first


@pytest.mark.parametrize("location", ["ftp://a.org/b", "http://[", "http://a.org:b/"])
def test_redirects_to_invalid_urls_are_not_retried(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], location: str
) -> None:
    site.location = location
    printed = refused_at_once(site.url("moved"), tmp_path, capsys)
    assert printed == "not a valid http or https URL, or redirected to such"


@pytest.mark.parametrize("url", ["ftp://a.org/b", "http://", "http://.a.org/", "a.org"])
def test_invalid_urls_are_not_retried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    printed = refused_at_once(url, tmp_path, capsys)
    assert printed == "not a valid http or https URL, or redirected to such"


def test_without_etag_and_date_resuming_needs_a_checksum(site: Site, tmp_path: Path) -> None:
    site.etag, site.date = None, False
    site.cuts = [100_000]
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, None]
    site.asked.clear()
    site.cuts = [100_000]
    assert fetch(site, tmp_path, algorithm="md5", checksum=MD5) == CONTENT
    assert ranges(site) == [None, "bytes=100000-"]


def test_a_weak_etag_is_not_a_validator(site: Site, tmp_path: Path) -> None:
    site.etag = 'W/"one"'  # beside it, a date does not count either (RFC 9110, 13.1.5)
    site.cuts = [100_000]
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, None]


def test_a_server_without_ranges_restarts(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    site.cuts = [100_000, 200_000]
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, "bytes=100000-", "bytes=200000-"]


def test_a_server_without_progress_is_given_up(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    site.cuts = [5000] * 50
    assert "4 times in a row" in refusal(site, tmp_path)
    assert len(site.cuts) == 45  # one that got there, four that did not get farther


def test_a_different_range_is_not_appended(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.cuts = [100_000]
    site.wrong_range = True
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, "bytes=100000-", None]
    printed = [line for line in capsys.readouterr().out.splitlines() if "retrying" in line]
    assert len(printed) == 2
    why = "the server does not resume the same file"
    assert printed[1].startswith(f"{site.url()}: {why}; retrying now")


def test_without_a_length_the_download_ends_with_the_response(site: Site, tmp_path: Path) -> None:
    site.length = False
    assert fetch(site, tmp_path) == CONTENT
    site.cuts = [100_000]
    message = refusal(site, tmp_path, length=len(CONTENT))
    assert message == f"{site.url()}: expected 300,000 bytes; received 100,000"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_temporary_errors_are_retried(site: Site, tmp_path: Path, status: int) -> None:
    site.statuses = [status] * 3
    assert fetch(site, tmp_path) == CONTENT
    site.statuses = [status] * 4
    message = refusal(site, tmp_path)
    assert f": HTTP status {status} " in message
    assert ", 4 times in a row; " in message


def test_the_wait_doubles(
    site: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloads, "BACKOFF", 0.01)
    site.statuses = [500] * 3
    assert fetch(site, tmp_path) == CONTENT
    prefix = f"{site.url()}: HTTP status 500 Internal Server Error; retrying "
    lines = [line for line in capsys.readouterr().out.splitlines() if "retrying" in line]
    assert lines == [f"{prefix}now", f"{prefix}in 0.02 s", f"{prefix}in 0.04 s"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_respected(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, status: int
) -> None:
    # RFC 9110, 10.2.3; a date has whole seconds, so that up to one of three may be over already.
    site.retry_after = "1" if form == "seconds" else formatdate(time.time() + 3, usegmt=True)
    site.statuses = [status]
    began = time.monotonic()
    assert fetch(site, tmp_path) == CONTENT
    assert time.monotonic() - began >= (1 if form == "seconds" else 1.5)
    assert re.search(r"; retrying in [1-3](\.\d+)? s\n", capsys.readouterr().out)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_retry_after_of_a_day_is_refused(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    day = "86400" if form == "seconds" else formatdate(time.time() + 86400, usegmt=True)
    site.retry_after = day
    site.statuses = [429]
    assert refused_at_once(site.url(), tmp_path, capsys) == (
        f"HTTP status 429 Too Many Requests, with Retry-After: {day}"
    )
    assert len(site.asked) == 1


@pytest.mark.parametrize("header", ["soon", "-5", "0", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_an_invalid_retry_after_is_ignored(site: Site, tmp_path: Path, header: str) -> None:
    site.retry_after = header
    site.statuses = [503]
    assert fetch(site, tmp_path) == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_permanent_errors_are_not_retried(site: Site, tmp_path: Path, status: int) -> None:
    site.statuses = [status]
    assert f": HTTP status {status} " in refusal(site, tmp_path)
    assert len(site.asked) == 1


def test_a_redirect_is_followed(site: Site, tmp_path: Path) -> None:
    site.cuts = [100_000]
    with downloaded(RemoteFile(site.url("moved")), tmp_path) as path:
        assert path.read_bytes() == CONTENT
    assert [path for path, _ in site.asked] == ["/moved", "/photos.zip"] * 2


def test_a_timeout_is_retried(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.5)
    site.stalls = 2
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site) == [None, "bytes=150000-", "bytes=225000-"]


def test_an_unreachable_server_is_reported_in_one_line(tmp_path: Path) -> None:
    with serve(Site(CONTENT)) as site:
        pass
    assert ": cannot connect to the server, 4 times in a row" in refusal(site, tmp_path)


def test_an_unexpected_length_is_refused_before_the_download(site: Site, tmp_path: Path) -> None:
    message = refusal(site, tmp_path, length=299_999)
    assert message == f"{site.url()}: expected 299,999 bytes; the server has 300,000"
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_is_reported_and_the_file_deleted(site: Site, tmp_path: Path) -> None:
    message = refusal(site, tmp_path, algorithm="md5", checksum="0" * 32)
    assert message == (
        f"{site.url()}: wrong md5: expected {'0' * 32}, found {MD5}; the file was deleted"
    )
    assert list(tmp_path.iterdir()) == []


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def swapped(path: Path) -> None:
    """The content of another download."""
    other = next(path.parent.parent.glob(f"other/*{path.suffix}"))
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("suffix", ["", ".json"])
@pytest.mark.parametrize("damage", [emptied, zeroed, cut_in_half, Path.unlink, swapped])
@pytest.mark.parametrize("recorded", [{}, {"algorithm": "md5", "checksum": MD5}])
def test_a_corrupt_partial_download_restarts(
    site: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
    damage: Callable[[Path], None],
    recorded: dict,
) -> None:
    checkpoint_dir = tmp_path / "checkpoint_dir"
    for folder in (tmp_path / "other", checkpoint_dir):
        site.cuts = [100_000, 0, 0, 0, 0]
        refusal(site, folder, **recorded)
        site.content = CONTENT[::-1]
    site.content = CONTENT
    (damaged,) = (path for path in checkpoint_dir.iterdir() if path.suffix == suffix)
    swap = next(path for path in (tmp_path / "other").iterdir() if path.suffix == suffix)
    swap.write_bytes(swap.read_bytes()[::-1])
    capsys.readouterr()
    damage(damaged)
    assert fetch(site, checkpoint_dir, **recorded) == CONTENT
    printed = capsys.readouterr().out.splitlines()[0]
    assert printed == f"{site.url()}: partial download corrupt; restarting"
    assert ranges(site)[-1] is None


def test_a_partial_download_of_another_url_is_not_used(site: Site, tmp_path: Path) -> None:
    names = []
    for url in (site.url("one.zip"), site.url("two.zip")):
        site.cuts = [100_000, 0, 0, 0, 0]
        with pytest.raises(ColorizationError), downloaded(RemoteFile(url), tmp_path / url[-7:]):
            pass
        names.append(next(path.name for path in (tmp_path / url[-7:]).glob("*.json")))
        site.content = CONTENT[::-1]
    for path in (tmp_path / "one.zip").iterdir():  # both files of the other, under these names
        suffix = path.suffix
        (tmp_path / "two.zip" / names[1]).with_suffix(suffix).write_bytes(path.read_bytes())
    with downloaded(RemoteFile(site.url("two.zip")), tmp_path / "two.zip") as path:
        assert path.read_bytes() == CONTENT[::-1]
    assert ranges(site)[-1] is None


def test_bytes_after_the_last_checkpoint_are_downloaded_again(site: Site, tmp_path: Path) -> None:
    site.cuts = [100_000, 0, 0, 0, 0]
    refusal(site, tmp_path)
    (part,) = (path for path in tmp_path.iterdir() if not path.suffix)
    with part.open("ab") as file:
        file.write(bytes(5000))  # a file system's, after a power loss
    assert fetch(site, tmp_path) == CONTENT
    assert ranges(site)[-1] == "bytes=100000-"


def test_credentials_are_read_from_netrc(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.login = "Basic " + base64.b64encode(b"me:word").decode()
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert refusal(site, tmp_path / "a") == f"{site.url()}: HTTP status 401 Unauthorized"
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password word\n")
    assert fetch(site, tmp_path / "b") == CONTENT


def test_variables_of_a_query_are_sent_but_not_printed(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PHOTOS_TOKEN", "T0p/s3cret")
    site.cuts = [100_000]
    site.statuses = [503]
    remote = RemoteFile(site.url("x.zip?id=7&token=$PHOTOS_TOKEN&price=$$1"))
    with downloaded(remote, tmp_path) as path:
        assert path.read_bytes() == CONTENT
        left = b"".join(file.read_bytes() for file in tmp_path.glob("*.json"))
    assert {path for path, _ in site.asked} == {"/x.zip?id=7&token=T0p/s3cret&price=$1"}
    site.statuses = [404]
    with pytest.raises(ColorizationError) as caught, downloaded(remote, tmp_path):
        pass
    assert str(caught.value) == f"{site.url('x.zip')}: HTTP status 404 Not Found"
    printed = capsys.readouterr()
    assert f"{site.url('x.zip')}: HTTP status 503 " in printed.out
    assert "downloading x.zip: " in printed.out
    assert not re.search("s3cret|token|TOKEN", printed.out + printed.err + left.decode())


def test_an_unset_variable_is_reported(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHOTOS_TOKEN", raising=False)
    remote = RemoteFile(site.url("x.zip?token=$PHOTOS_TOKEN"))
    with pytest.raises(ColorizationError) as caught, downloaded(remote, tmp_path):
        pass
    assert str(caught.value) == (
        f"{site.url('x.zip')}: the environment variable PHOTOS_TOKEN of its query is not set"
    )
    assert site.asked == []


@pytest.mark.parametrize("value", ["a#b", "a b", "a\n"])
def test_a_variable_that_would_end_the_query_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PHOTOS_TOKEN", value)
    remote = RemoteFile(site.url("x.zip?token=$PHOTOS_TOKEN&x=1"))
    with (
        pytest.raises(
            ColorizationError, match="contains a # or a space; write them as %23"
        ) as caught,
        downloaded(remote, tmp_path),
    ):
        pass
    assert value not in str(caught.value)
    assert site.asked == []


def test_a_rejected_file_is_reported_by_its_url_and_deleted(site: Site, tmp_path: Path) -> None:
    with (
        pytest.raises(ColorizationError, match=f"^{site.url()}: contains no images$"),
        downloaded(RemoteFile(site.url()), tmp_path) as path,
    ):
        raise ColorizationError(f"{path}: contains no images")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_download_resumes(site: Site, tmp_path: Path) -> None:
    site.stalls = 1
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'src');"
        "from colorization.sources import downloads;"
        "from colorization.sources.remote import RemoteFile;"
        "downloads.CHUNK = downloads.CHECKPOINT = 1000;"
        f"downloads.downloaded(RemoteFile({site.url()!r}), Path({str(tmp_path)!r})).__enter__()"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    deadline = time.monotonic() + 60
    while sum(path.stat().st_size for path in tmp_path.iterdir() if not path.suffix) < 140_000:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert fetch(site, tmp_path) == CONTENT
    resumed = ranges(site)[-1]
    assert resumed is not None
    assert 138_000 <= int(resumed.removeprefix("bytes=").rstrip("-")) <= 150_000
