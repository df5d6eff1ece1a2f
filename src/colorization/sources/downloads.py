"""Download files: resume where a download was cut off, and check a file before it is used."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter

from colorization.core.errors import ColorizationError
from colorization.core.progress import progress_bar
from colorization.core.records import Record, Sha256
from colorization.sources.remote import RemoteFile

CHUNK = 1 << 20  # bytes
CHECKPOINT = 1 << 24  # bytes; at most so many come again after a kill or a power loss
SECONDS_TO_ANSWER = 30.0  # after which a silent server counts as gone
RETRIES = 5  # further attempts in a row that bring no more bytes
BACKOFF = 1.0  # seconds; doubled before each further attempt
LONGEST_WAIT = 120.0  # seconds; a server that asks for a longer wait, say a day, is given up
PASSING_STATUSES = {408, 429, *range(500, 600)}  # another attempt may succeed


class _BrokenOffError(Exception):
    """An answer that broke off, or that does not continue the bytes already here."""


@contextmanager
def downloaded(remote: RemoteFile, checkpoint_dir: Path) -> Iterator[Path]:
    """Download a file, or the rest of it, and give it to a block that uses it.

    The bytes that have come are kept in `checkpoint_dir`. A later call goes on there, also after a
    kill, if the server knows ranges, and either it says that the file is still the same or the
    checksum is known. If those bytes are damaged, a message says so and the file comes anew.
    Credentials are those of ~/.netrc.

    Parameters
    ----------
    remote : RemoteFile
    checkpoint_dir : Path
        A folder; made if missing. One process at a time may download the same file into it.

    Yields
    ------
    Path
        The whole file, of the right length and checksum. It is removed when the block ends, or
        rejects it with a ColorizationError.

    Raises
    ------
    ColorizationError
        If the server cannot be reached, refuses, stays silent, or sends another file than `remote`
        describes.
    """
    checkpoint_dir.mkdir(parents=True, exist_ok=True)
    partial = _Partial(remote, checkpoint_dir)
    _receive_all(remote, partial)
    _verify(remote, partial)
    try:
        yield partial.path
    except ColorizationError as error:
        partial.discard()
        raise ColorizationError(str(error).replace(str(partial.path), remote.shown)) from error
    partial.discard()


def _receive_all(remote: RemoteFile, partial: "_Partial") -> None:
    """Go on until everything has come, or nothing comes any more.

    urllib3 repeats a request until an answer begins. When the answer's body breaks off, the bytes
    that have come are kept, and the next request asks for the rest; no library does this.
    """
    retries = _Retries(
        RETRIES,
        other=0,  # above all TLS errors, which no further attempt mends
        status_forcelist=PASSING_STATUSES,
        backoff_factor=BACKOFF,
        raise_on_status=False,
    )
    retries.url = remote.shown
    failures, farthest = 0, partial.length
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retries))
        while True:
            try:
                return _receive(session, remote, partial)
            except (_BrokenOffError, urllib3.exceptions.HTTPError) as error:
                failures = 0 if partial.length > farthest else failures + 1
                farthest = max(farthest, partial.length)
                if failures > RETRIES:
                    raise _given_up(remote, _reason(error)) from error
                wait = BACKOFF * 2 ** max(failures - 1, 0)
                _tell_and_wait(remote.shown, _reason(error), wait)


class _Retries(urllib3.Retry):
    """urllib3's Retry, but it prints why it waits, and refuses long waits."""

    url = ""

    def new(self, **changes: Any) -> Self:
        changed = super().new(**changes)
        changed.url = self.url
        return changed

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        try:
            return super().get_retry_after(response)
        except urllib3.exceptions.InvalidHeader:
            return None  # neither seconds nor a date, so it is ignored

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        if response is None:
            error = self.history[-1].error
            return _tell_and_wait(self.url, _reason(error), self.get_backoff_time())
        answer = _answer(response.status, response.reason)
        wait = self.get_retry_after(response) or self.get_backoff_time()
        if wait > LONGEST_WAIT:
            asked = " ".join(response.headers["Retry-After"].split())
            raise ColorizationError(f"{self.url}: {answer} and asks to wait (Retry-After: {asked})")
        return _tell_and_wait(self.url, answer, wait)


def _tell_and_wait(url: str, problem: str, seconds: float) -> None:
    when = f"in {seconds:.3g} s" if seconds else "at once"
    print(f"{url}: {problem}; again {when}", flush=True)
    time.sleep(seconds)


def _given_up(remote: RemoteFile, problem: str) -> ColorizationError:
    return ColorizationError(
        f"{remote.shown}: {problem}, {RETRIES + 1} times in a row; "
        "the same command goes on where this one stopped"
    )


class _About(Record):
    """The bytes of a file that have come, and the server's facts on the file; None if not told."""

    url: str  # its sha256, since a URL may hold secrets
    validator: str | None = None
    total: int | None = None
    length: int
    sha256: Sha256


class _Partial:
    """The part of a file that has come; it is safe on the disk up to the last checkpoint."""

    def __init__(self, remote: RemoteFile, folder: Path) -> None:
        self._url = hashlib.sha256(remote.url.encode()).hexdigest()
        self.path = folder / self._url[:16]
        self._about_file = folder / f"{self.path.name}.json"
        left = self.path.exists() or self._about_file.exists()
        self._forget()
        if left and not self._recall():
            print(f"{remote.shown}: what had come of it is damaged; it comes anew", flush=True)
            self.discard()

    def _forget(self) -> None:
        self.validator: str | None = None
        self.total: int | None = None
        self.length = 0
        self._sha256 = hashlib.sha256()
        self._certain = 0  # bytes that are safe, up to the last checkpoint

    def _recall(self) -> bool:
        """Take up the bytes that an earlier call left; return False if they have been damaged."""
        try:
            about = _About.read(self._about_file)
            with self.path.open("r+b") as file:
                while self.length < about.length:
                    chunk = file.read(min(CHUNK, about.length - self.length))
                    if not chunk:
                        return False
                    self._sha256.update(chunk)
                    self.length += len(chunk)
                file.truncate(self.length)
        except (ColorizationError, FileNotFoundError):
            return False
        self.validator, self.total, self._certain = about.validator, about.total, about.length
        return (about.url, about.sha256) == (self._url, self._sha256.hexdigest())

    def begin(self, validator: str | None, total: int | None) -> None:
        """Start anew, with the server's facts on the file."""
        self.discard()
        self.validator, self.total = validator, total

    @contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """Give a function that appends to the file; at the block's end, all is safe on the disk."""
        with self.path.open("ab") as file:

            def append(chunk: bytes) -> None:
                file.write(chunk)
                self._sha256.update(chunk)
                self.length += len(chunk)
                if self.length - self._certain >= CHECKPOINT:
                    self._make_certain(file)

            try:
                yield append
            finally:
                self._make_certain(file)

    def _make_certain(self, file: IO[bytes]) -> None:
        file.flush()
        os.fsync(file.fileno())
        _About(
            url=self._url,
            validator=self.validator,
            total=self.total,
            length=self.length,
            sha256=self._sha256.hexdigest(),
        ).write(self._about_file)
        self._certain = self.length

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._about_file.unlink(missing_ok=True)
        self._forget()


def _receive(session: requests.Session, remote: RemoteFile, partial: _Partial) -> None:
    """Ask for the missing part, and append it."""
    # Otherwise the server could compress the file, which changes its length.
    headers = {"Accept-Encoding": "identity"}
    if partial.length and (partial.validator or remote.checksum):
        headers["Range"] = f"bytes={partial.length}-"
        if partial.validator:
            headers["If-Range"] = partial.validator
    with _ask(session, remote, headers) as response:
        if response.headers.get("Content-Range") == f"bytes */{partial.length}":
            return  # RFC 9110, 15.5.17: the file is complete
        _refuse_errors(remote, response, partial)
        total: int | None
        if response.status_code == requests.codes.partial_content:
            total = _resumed_total(response, partial)
        else:
            total = _number(response.headers.get("Content-Length", ""))
            partial.begin(_validator(response), total)
        if remote.length is not None and total not in (None, remote.length):
            partial.discard()
            raise ColorizationError(
                f"{remote.shown}: is {total:,} bytes long; {remote.length:,} were expected"
            )
        done = partial.length
        name = f"downloading {remote.shown.rsplit('/', 1)[-1]}"
        with (
            partial.appending() as append,
            progress_bar(name, total, "B", unit_scale=True, initial=done) as bar,
        ):
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                append(chunk)
                bar.update(len(chunk))
                if remote.length is not None and partial.length > remote.length:
                    break  # `_verify` refuses the file; the rest may have no end
    if total is not None and partial.length != total:
        if partial.length > total:
            partial.discard()
        raise _BrokenOffError(f"the connection ended after {partial.length:,} of {total:,} bytes")


def _ask(
    session: requests.Session, remote: RemoteFile, headers: dict[str, str]
) -> requests.Response:
    url = remote.request_url()
    try:
        return session.get(url, headers=headers, stream=True, timeout=SECONDS_TO_ANSWER)
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        cause = _cause(error)
        met = getattr(cause, "original_error", cause)  # a ProxyError wraps the error
        if isinstance(met, urllib3.exceptions.TimeoutError | urllib3.exceptions.ProtocolError):
            raise _given_up(remote, _reason(cause)) from error
        raise ColorizationError(f"{remote.shown}: {_reason(cause)}") from error


def _cause(error: Exception) -> Exception | None:
    """The error of urllib3's last attempt, or the error itself."""
    wrapped = error.args[0] if error.args else None
    return wrapped.reason if isinstance(wrapped, urllib3.exceptions.MaxRetryError) else error


def _refuse_errors(remote: RemoteFile, response: requests.Response, partial: _Partial) -> None:
    status = response.status_code
    if status == requests.codes.requested_range_not_satisfiable:
        partial.discard()
        raise _BrokenOffError("the file has changed on the server")
    if status < requests.codes.bad_request:
        return
    answer = _answer(status, response.reason)
    if status in PASSING_STATUSES:
        raise _given_up(remote, answer)
    raise ColorizationError(f"{remote.shown}: {answer}")


def _answer(status: int, reason: str | None) -> str:
    return f"the server answers {status} {reason}"


def _resumed_total(response: requests.Response, partial: _Partial) -> int:
    """Length of the whole file, from an answer that must continue the bytes already here.

    RFC 9110, 14.4: `Content-Range: bytes 200-999/1000`, or `/*`; 15.3.7.3: only parts of one
    version may be combined.
    """
    unit_and_range, _, whole = response.headers.get("Content-Range", "").partition("/")
    total = _number(whole) if whole != "*" else partial.total
    continues = unit_and_range.startswith(f"bytes {partial.length}-")
    same_version = _validator(response) in (None, partial.validator)
    if not continues or not same_version or total is None or partial.total not in (None, total):
        partial.discard()
        raise _BrokenOffError("the server does not go on with the file that it began to send")
    return total


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _validator(response: requests.Response) -> str | None:
    """The value for If-Range: a strong ETag, or the date of change (RFC 9110, 13.1.5)."""
    etag = response.headers.get("ETag")
    if etag:
        return None if etag.startswith("W/") else etag
    return response.headers.get("Last-Modified")


def _verify(remote: RemoteFile, partial: _Partial) -> None:
    """Check length and checksum; a wrong file is removed."""
    if remote.length is not None and partial.length != remote.length:
        found = partial.length
        partial.discard()
        raise ColorizationError(
            f"{remote.shown}: {found:,} bytes came; {remote.length:,} were expected"
        )
    if remote.algorithm and remote.checksum:
        with partial.path.open("rb") as file:
            found_sum = hashlib.file_digest(file, remote.algorithm).hexdigest()
        if found_sum != remote.checksum:
            partial.discard()
            raise ColorizationError(
                f"{remote.shown}: wrong {remote.algorithm}: expected {remote.checksum}, "
                f"found {found_sum}; nothing of it was kept"
            )


def _reason(error: Exception | None) -> str:
    """The error in a few words, since the libraries write paragraphs."""
    match error:
        case _BrokenOffError():
            return str(error)
        case urllib3.exceptions.SSLError():
            return "no secure connection; is its certificate trusted here?"
        case urllib3.exceptions.ProxyError():
            return "the proxy does not reach the server"
        case urllib3.exceptions.NewConnectionError():
            return "the server cannot be reached"
        case urllib3.exceptions.TimeoutError():
            return f"the server was silent for {SECONDS_TO_ANSWER:g} s"
        case urllib3.exceptions.ProtocolError() | requests.ConnectionError():
            return "the connection was lost"
        case requests.TooManyRedirects():
            return "it redirects in a circle, or too often"
        case requests.exceptions.InvalidProxyURL():
            return "the URL of the proxy is not valid"
        case ValueError():
            return "it is, or redirects to, no valid http or https URL"
        case _:  # not the library's words, which may hold the whole URL
            return f"the request failed ({type(error).__name__})"
