"""A misbehaving HTTP server on loopback, for tests of downloads."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate


@dataclass
class Site:
    """The content of all paths but /moved and /circle, and how the server misbehaves.

    Attributes
    ----------
    content : bytes
    etag : str or None
        With its quotes.
    date : bool
        Whether to send Last-Modified.
    ranges : bool
        Whether ranges are understood.
    length : bool
        Whether to say how long the content is.
    cuts : list of int
        After how many bytes each of the first answers ends, as if the cable were pulled.
    statuses : list of int
        What the first answers are instead of the content.
    retry_after : str or None
        The header that they carry.
    location : str or None
        Where /moved leads, if not to the content.
    stalls : int
        How many of the first answers stop halfway, with the connection open.
    wrong_range : bool
        Whether a range is said to begin elsewhere than asked for.
    if_range : bool
        Whether If-Range is heeded.
    total : bool
        Whether a range is sent with the length of the whole.
    login : str or None
        The Authorization header without which nothing is sent.
    asked : list of (str, str or None)
        Path and Range of each request so far.
    address : str
        Host and port, once it is served.
    released : Event
        Set when stalled answers may end.
    """

    content: bytes
    etag: str | None = '"one"'
    date: bool = True
    ranges: bool = True
    length: bool = True
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    retry_after: str | None = None
    location: str | None = None
    stalls: int = 0
    wrong_range: bool = False
    if_range: bool = True
    total: bool = True
    login: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str = "photos.zip") -> str:
        return f"http://{self.address}/{name}"


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """Serve a site on a free port of loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(site, self)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.address = "{}:{}".format(*server.server_address[:2])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield site
    finally:
        site.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(site: Site, request: http.server.BaseHTTPRequestHandler) -> None:
    wanted = request.headers.get("Range")
    site.asked.append((request.path, wanted))
    if site.login not in (None, request.headers.get("Authorization")):
        return _empty(request, 401, {})
    if request.path == "/moved":
        return _empty(request, 302, {"Location": site.location or site.url()})
    if request.path == "/circle":
        return _empty(request, 302, {"Location": site.url("circle")})
    if site.statuses:
        headers = {"Retry-After": site.retry_after} if site.retry_after else {}
        return _empty(request, site.statuses.pop(0), headers)
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.ranges else 0
    current = (None, site.etag, LAST_MODIFIED)
    changed = site.if_range and request.headers.get("If-Range") not in current
    if start and not changed and start >= len(site.content):
        return _empty(request, 416, {"Content-Range": f"bytes */{len(site.content)}"})
    if changed:
        start = 0
    request.send_response(206 if start else 200)
    if start:
        begin = start + 1 if site.wrong_range else start
        end = len(site.content) - 1
        whole = len(site.content) if site.total else "*"
        request.send_header("Content-Range", f"bytes {begin}-{end}/{whole}")
    if site.etag:
        request.send_header("ETag", site.etag)
    if site.date:
        request.send_header("Last-Modified", LAST_MODIFIED)
    body = site.content[start:]
    if site.length:
        request.send_header("Content-Length", str(len(body)))
    request.send_header("Connection", "close")
    request.end_headers()
    request.close_connection = True
    if site.stalls:
        site.stalls -= 1
        request.wfile.write(body[: len(body) // 2])
        request.wfile.flush()
        site.released.wait()
    elif site.cuts:
        request.wfile.write(body[: site.cuts.pop(0)])
    else:
        request.wfile.write(body)
    return None


def _empty(
    request: http.server.BaseHTTPRequestHandler, status: int, headers: dict[str, str]
) -> None:
    request.send_response(status)
    for name, value in {**headers, "Content-Length": "0"}.items():
        request.send_header(name, value)
    request.end_headers()


LAST_MODIFIED = formatdate(0, usegmt=True)
