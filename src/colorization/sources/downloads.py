"""Download files: resume interrupted downloads, and verify length and checksum."""

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
CHECKPOINT = 1 << 24  # bytes; at most so many are downloaded again after a kill or a power loss
TIMEOUT = 30.0  # seconds without data
RETRIES = 5  # consecutive retries without progress
BACKOFF = 1.0  # seconds; doubled before each further retry
LONGEST_WAIT = 120.0  # seconds; give up on a server that asks for a longer wait
TEMPORARY_STATUSES = {408, 429, *range(500, 600)}  # a retry may succeed


class _InterruptedError(Exception):
    """A response that was interrupted, or does not continue the partial download."""


@contextmanager
def downloaded(remote: RemoteFile, checkpoint_dir: Path) -> Iterator[Path]:
    """Download a file, resuming from the checkpoint, and provide it within a `with` block.

    Downloaded bytes are kept in `checkpoint_dir`. A later call, even after a kill, resumes if the
    server supports ranges, and either the server identifies the version or the checksum is known.
    A corrupt partial download is restarted, with a message. Credentials are read from ~/.netrc.

    Parameters
    ----------
    remote : RemoteFile
    checkpoint_dir : Path
        Created if missing. Only one process at a time may download the same file into it.

    Yields
    ------
    Path
        The verified file. It is deleted when the block ends, or raises a ColorizationError.

    Raises
    ------
    ColorizationError
        If the server is unreachable, refuses or times out, or the file differs from `remote`.
    """
    checkpoint_dir.mkdir(parents=True, exist_ok=True)
    partial = _PartialDownload(remote, checkpoint_dir)
    _download_all(remote, partial)
    _verify(remote, partial)
    try:
        yield partial.path
    except ColorizationError as error:
        partial.discard()
        raise ColorizationError(str(error).replace(str(partial.path), remote.redacted)) from error
    partial.discard()


def _download_all(remote: RemoteFile, partial: "_PartialDownload") -> None:
    """Request the rest until the file is complete, or there is no more progress.

    urllib3 retries a request until a response begins. If its body is interrupted, the downloaded
    bytes are kept and the rest is requested, which no library does.
    """
    retries = _Retries(
        RETRIES,
        other=0,  # mainly TLS errors, which a retry does not solve
        status_forcelist=TEMPORARY_STATUSES,
        backoff_factor=BACKOFF,
        raise_on_status=False,
    )
    retries.url = remote.redacted
    failures, farthest = 0, partial.length
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retries))
        while True:
            try:
                return _download(session, remote, partial)
            except (_InterruptedError, urllib3.exceptions.HTTPError) as error:
                failures = 0 if partial.length > farthest else failures + 1
                farthest = max(farthest, partial.length)
                if failures > RETRIES:
                    raise _giving_up(remote, _reason(error)) from error
                wait = BACKOFF * 2 ** max(failures - 1, 0)
                _log_and_wait(remote.redacted, _reason(error), wait)


class _Retries(urllib3.Retry):
    """urllib3's Retry with messages, which refuses long waits."""

    url = ""

    def new(self, **changes: Any) -> Self:
        changed = super().new(**changes)
        changed.url = self.url
        return changed

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        try:
            return super().get_retry_after(response)
        except urllib3.exceptions.InvalidHeader:
            return None  # ignore what is neither seconds nor a date

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        if response is None:
            error = self.history[-1].error
            return _log_and_wait(self.url, _reason(error), self.get_backoff_time())
        status = _status(response.status, response.reason)
        wait = self.get_retry_after(response) or self.get_backoff_time()
        if wait > LONGEST_WAIT:
            header = " ".join(response.headers["Retry-After"].split())
            raise ColorizationError(f"{self.url}: {status}, with Retry-After: {header}")
        return _log_and_wait(self.url, status, wait)


def _log_and_wait(url: str, problem: str, seconds: float) -> None:
    when = f"in {seconds:.3g} s" if seconds else "now"
    print(f"{url}: {problem}; retrying {when}", flush=True)
    time.sleep(seconds)


def _giving_up(remote: RemoteFile, problem: str) -> ColorizationError:
    return ColorizationError(
        f"{remote.redacted}: {problem}, {RETRIES + 1} times in a row; "
        "run the same command again to resume"
    )


class _Checkpoint(Record):
    """The state of a partial download; validator and total are the server's, if provided."""

    url: str  # its sha256, since a URL may contain secrets
    validator: str | None = None
    total: int | None = None
    length: int
    sha256: Sha256


class _PartialDownload:
    """The downloaded part of a file, synced to disk up to the last checkpoint."""

    def __init__(self, remote: RemoteFile, folder: Path) -> None:
        self._url = hashlib.sha256(remote.url.encode()).hexdigest()
        self.path = folder / self._url[:16]
        self._checkpoint_file = folder / f"{self.path.name}.json"
        exists = self.path.exists() or self._checkpoint_file.exists()
        self._reset()
        if exists and not self._resume():
            print(f"{remote.redacted}: partial download corrupt; restarting", flush=True)
            self.discard()

    def _reset(self) -> None:
        self.validator: str | None = None
        self.total: int | None = None
        self.length = 0
        self._sha256 = hashlib.sha256()
        self._synced = 0  # bytes up to the last checkpoint

    def _resume(self) -> bool:
        """Resume from the checkpoint; return False if it is corrupt."""
        try:
            checkpoint = _Checkpoint.read(self._checkpoint_file)
            with self.path.open("r+b") as file:
                while self.length < checkpoint.length:
                    chunk = file.read(min(CHUNK, checkpoint.length - self.length))
                    if not chunk:
                        return False
                    self._sha256.update(chunk)
                    self.length += len(chunk)
                file.truncate(self.length)
        except (ColorizationError, FileNotFoundError):
            return False
        self.validator, self.total = checkpoint.validator, checkpoint.total
        self._synced = checkpoint.length
        return (checkpoint.url, checkpoint.sha256) == (self._url, self._sha256.hexdigest())

    def restart(self, validator: str | None, total: int | None) -> None:
        """Discard the downloaded part, and set the server's validator and total."""
        self.discard()
        self.validator, self.total = validator, total

    @contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """Provide a function that appends to the file; everything is synced on exit."""
        with self.path.open("ab") as file:

            def append(chunk: bytes) -> None:
                file.write(chunk)
                self._sha256.update(chunk)
                self.length += len(chunk)
                if self.length - self._synced >= CHECKPOINT:
                    self._save_checkpoint(file)

            try:
                yield append
            finally:
                self._save_checkpoint(file)

    def _save_checkpoint(self, file: IO[bytes]) -> None:
        file.flush()
        os.fsync(file.fileno())
        _Checkpoint(
            url=self._url,
            validator=self.validator,
            total=self.total,
            length=self.length,
            sha256=self._sha256.hexdigest(),
        ).write(self._checkpoint_file)
        self._synced = self.length

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._checkpoint_file.unlink(missing_ok=True)
        self._reset()


def _download(session: requests.Session, remote: RemoteFile, partial: _PartialDownload) -> None:
    """Request the missing part, and append it."""
    # Without compression, which would change the length.
    headers = {"Accept-Encoding": "identity"}
    if partial.length and (partial.validator or remote.checksum):
        headers["Range"] = f"bytes={partial.length}-"
        if partial.validator:
            headers["If-Range"] = partial.validator
    with _request(session, remote, headers) as response:
        if response.headers.get("Content-Range") == f"bytes */{partial.length}":
            return  # RFC 9110, 15.5.17: the file is complete
        _raise_for_status(remote, response, partial)
        total: int | None
        if response.status_code == requests.codes.partial_content:
            total = _resumed_total(response, partial)
        else:
            total = _number(response.headers.get("Content-Length", ""))
            partial.restart(_validator(response), total)
        if remote.length is not None and total not in (None, remote.length):
            partial.discard()
            raise ColorizationError(
                f"{remote.redacted}: expected {remote.length:,} bytes; the server has {total:,}"
            )
        name = f"downloading {remote.redacted.rsplit('/', 1)[-1]}"
        with (
            partial.appending() as append,
            progress_bar(name, total, "B", unit_scale=True, initial=partial.length) as bar,
        ):
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                append(chunk)
                bar.update(len(chunk))
                if remote.length is not None and partial.length > remote.length:
                    break  # the rest may be endless; `_verify` raises
    if total is not None and partial.length != total:
        if partial.length > total:
            partial.discard()
        raise _InterruptedError(f"connection closed after {partial.length:,} of {total:,} bytes")


def _request(
    session: requests.Session, remote: RemoteFile, headers: dict[str, str]
) -> requests.Response:
    url = remote.request_url()
    try:
        return session.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        cause = _cause(error)
        original = getattr(cause, "original_error", cause)  # a ProxyError wraps the error
        if isinstance(original, urllib3.exceptions.TimeoutError | urllib3.exceptions.ProtocolError):
            raise _giving_up(remote, _reason(cause)) from error
        raise ColorizationError(f"{remote.redacted}: {_reason(cause)}") from error


def _cause(error: Exception) -> Exception | None:
    """The error of urllib3's last attempt, or the error itself."""
    wrapped = error.args[0] if error.args else None
    return wrapped.reason if isinstance(wrapped, urllib3.exceptions.MaxRetryError) else error


def _raise_for_status(
    remote: RemoteFile, response: requests.Response, partial: _PartialDownload
) -> None:
    code = response.status_code
    if code == requests.codes.requested_range_not_satisfiable:
        partial.discard()
        raise _InterruptedError("the file has changed on the server")
    if code < requests.codes.bad_request:
        return
    status = _status(code, response.reason)
    if code in TEMPORARY_STATUSES:
        raise _giving_up(remote, status)
    raise ColorizationError(f"{remote.redacted}: {status}")


def _status(code: int, reason: str | None) -> str:
    return f"HTTP status {code} {reason}"


def _resumed_total(response: requests.Response, partial: _PartialDownload) -> int:
    """Total length of the file, from a response that must continue the partial download.

    RFC 9110, 14.4: `Content-Range: bytes 200-999/1000`, or `/*`; 15.3.7.3: only parts of the same
    version may be combined.
    """
    unit_and_range, _, complete = response.headers.get("Content-Range", "").partition("/")
    total = _number(complete) if complete != "*" else partial.total
    continues = unit_and_range.startswith(f"bytes {partial.length}-")
    same_version = _validator(response) in (None, partial.validator)
    if not continues or not same_version or total is None or partial.total not in (None, total):
        partial.discard()
        raise _InterruptedError("the server does not resume the same file")
    return total


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _validator(response: requests.Response) -> str | None:
    """The value for If-Range: a strong ETag, or the modification date (RFC 9110, 13.1.5)."""
    etag = response.headers.get("ETag")
    if etag:
        return None if etag.startswith("W/") else etag
    return response.headers.get("Last-Modified")


def _verify(remote: RemoteFile, partial: _PartialDownload) -> None:
    """Verify length and checksum; a wrong file is deleted."""
    if remote.length is not None and partial.length != remote.length:
        length = partial.length
        partial.discard()
        raise ColorizationError(
            f"{remote.redacted}: expected {remote.length:,} bytes; received {length:,}"
        )
    if remote.algorithm and remote.checksum:
        with partial.path.open("rb") as file:
            checksum = hashlib.file_digest(file, remote.algorithm).hexdigest()
        if checksum != remote.checksum:
            partial.discard()
            raise ColorizationError(
                f"{remote.redacted}: wrong {remote.algorithm}: expected {remote.checksum}, "
                f"found {checksum}; the file was deleted"
            )


def _reason(error: Exception | None) -> str:
    """An error in a few words, since the libraries' messages are long."""
    match error:
        case _InterruptedError():
            return str(error)
        case urllib3.exceptions.SSLError():
            return "no secure connection; is the server's certificate trusted?"
        case urllib3.exceptions.ProxyError():
            return "the proxy cannot reach the server"
        case urllib3.exceptions.NewConnectionError():
            return "cannot connect to the server"
        case urllib3.exceptions.TimeoutError():
            return f"no data for {TIMEOUT:g} s"
        case urllib3.exceptions.ProtocolError() | requests.ConnectionError():
            return "connection lost"
        case requests.TooManyRedirects():
            return "too many redirects"
        case requests.exceptions.InvalidProxyURL():
            return "invalid URL of the proxy"
        case ValueError():
            return "not a valid http or https URL, or redirected to such"
        case _:  # the library's message may contain the whole URL
            return f"request failed ({type(error).__name__})"
