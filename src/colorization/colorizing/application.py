"""The web application of `colorize-page`.

GET    /                             the page; its files are in `web`
GET    /model                        what the page has to know of the model, JSON
POST   /photographs                  a file; the answer is the photograph's name, JSON
DELETE /photographs/NAME             forget it
GET    /photographs/NAME/gray        a preview in gray, JPEG, or PNG if anything is transparent
GET    /photographs/NAME/colorized   the same in color
GET    /photographs/NAME/full        the photograph in color and full size, PNG
GET    /photographs/NAME/likely      colors that are likely at x, y; JSON

In color means as the query says: vividness, saturation, and any number of hints, X,Y,COLOR.
"""

import asyncio
import io
import mimetypes
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorization.colorizing.hints import Hint, as_hints
from colorization.colorizing.predictor import Predictor
from colorization.colorizing.uploads import ForgottenError, Settings, Uploads
from colorization.core.errors import ColorizationError
from colorization.core.text import printable
from colorization.sources import archives

WEB = Path(__file__).parent / "web"
mimetypes.add_type("text/javascript", ".js")  # Windows may say otherwise; browsers insist
LARGEST_UPLOAD = 200_000_000  # bytes
MOST_WAITING = 1_000_000_000  # bytes of all uploads that are received or wait
MOST_SATURATION = 2.0  # end of the slider for a model without vividness
MOST_AT_A_TIME = 8  # photographs

JPEG: dict[str, Any] = {"quality": 92, "subsampling": 0}  # of previews
PNG: dict[str, Any] = {"compress_level": 1}  # larger, but twice as fast

HEADERS = {
    # Nothing from elsewhere, and in no frame of another page.
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; script-src 'self'; "
    "style-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def build_app(predictor: Predictor, hosts: list[str]) -> Starlette:
    """Build the web application.

    Parameters
    ----------
    predictor : Predictor
    hosts : list of str
        Names by which requests may address it; "*" for any. The page of another site could reach
        a program on this machine by a name of its own that leads here.
    """
    endpoints = _Endpoints(predictor)
    photograph = "/photographs/{name}"
    return Starlette(
        routes=[
            Route("/model", endpoints.model),
            Route("/photographs", endpoints.add, methods=["POST"]),
            Route(photograph, endpoints.forget, methods=["DELETE"]),
            Route(f"{photograph}/gray", endpoints.gray),
            Route(f"{photograph}/colorized", endpoints.colorized),
            Route(f"{photograph}/full", endpoints.full),
            Route(f"{photograph}/likely", endpoints.likely),
            Mount("/", StaticFiles(directory=WEB, html=True)),
        ],
        middleware=[
            Middleware(_Guard),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        ],
        exception_handlers={
            ForgottenError: _failed_with(404),
            ColorizationError: _failed_with(400),
            MemoryError: _failed_with(503),
            ClientDisconnect: _failed_with(400),  # nobody reads it, but it is no failure of ours
        },
        lifespan=endpoints.lifespan,
    )


class _Endpoints:
    """The answers to the page's requests.

    Photographs that are opened or written in full size wait for each other; what takes a fraction
    of a second, such as another hint, does not wait for these.
    """

    def __init__(self, predictor: Predictor) -> None:
        processors = min(MOST_AT_A_TIME, os.cpu_count() or 1)
        self._predictor = predictor
        self._uploads = Uploads(predictor, processors)
        self._slow = ThreadPoolExecutor(processors)
        self._quick = ThreadPoolExecutor(processors)
        self._waiting = 0  # bytes

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Run until the server ends; then end what is still being computed."""
        yield
        self._uploads.close()
        for executor in (self._slow, self._quick):
            executor.shutdown(wait=False, cancel_futures=True)

    async def model(self, _: Request) -> Response:
        """Describe the model, and what is accepted."""
        return JSONResponse(
            {
                "vividness": self._predictor.vividness,
                "saturation": 1,
                "most_saturation": MOST_SATURATION,
                "takes_hints": self._predictor.takes_hints,
                "largest_upload": LARGEST_UPLOAD,
                "extensions": sorted(archives.EXTENSIONS),
            }
        )

    async def add(self, request: Request) -> Response:
        """Receive a photograph."""
        length = request.headers.get("content-length")
        if length is None:
            raise HTTPException(411)
        with self._reserved(int(length)):
            content = await request.body()  # the server reads as many bytes as were announced
            name = await _run(self._slow, self._uploads.add, content)
        upload = self._uploads[name]
        width, height = upload.size
        answer = {
            "name": name,
            "width": width,
            "height": height,
            "warnings": list(map(printable, upload.warnings)),
            "in_color": upload.in_color,
        }
        return JSONResponse(answer, 201)

    @contextmanager
    def _reserved(self, length: int) -> Iterator[None]:
        """Reserve memory for an upload, or refuse it."""
        if length > LARGEST_UPLOAD:
            raise HTTPException(413, f"more than {LARGEST_UPLOAD / 1e6:g} MB")
        if self._waiting + length > MOST_WAITING:
            raise HTTPException(503, "too many photographs at a time; drop it again later")
        self._waiting += length
        try:
            yield
        finally:
            self._waiting -= length

    async def forget(self, request: Request) -> Response:
        """Forget a photograph."""
        self._uploads.forget(request.path_params["name"])
        return Response(status_code=204)

    async def gray(self, request: Request) -> Response:
        """Send a preview in gray."""
        return await self._preview(self._uploads.gray, request.path_params["name"])

    async def colorized(self, request: Request) -> Response:
        """Send a preview in color."""
        settings = _settings(request.query_params)
        return await self._preview(self._uploads.colorized, request.path_params["name"], settings)

    async def _preview(self, make: Callable[..., Image.Image], *arguments: Any) -> Response:
        content, kind = await _run(self._quick, lambda: _encoded(make(*arguments)))
        return Response(content, media_type=f"image/{kind.lower()}")

    async def full(self, request: Request) -> Response:
        """Send a photograph in color and full size."""
        settings = _settings(request.query_params)
        content = await _run(self._slow, self._uploads.png, request.path_params["name"], settings)
        return Response(content, media_type="image/png")

    async def likely(self, request: Request) -> Response:
        """Send the colors that are likely at a place."""
        settings = _settings(request.query_params)
        place = (_number(request.query_params.get(axis, ""), axis) for axis in "xy")
        name = request.path_params["name"]
        colors = await _run(self._quick, self._uploads.likely, name, settings, *place)
        return JSONResponse(colors)


class _Guard:
    """Refuses what pages of other sites send, and adds headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        app = self._app
        changes = scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}
        if changes and _of_another_site(Headers(scope=scope)):
            app = PlainTextResponse("requests of other sites are refused", 403)
        await app(scope, receive, send_with_headers)


def _of_another_site(headers: Headers) -> bool:
    """Whether the page of another site makes the browser send a request."""
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    # Browsers send no Sec-Fetch-Site to another machine without HTTPS.
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _failed_with(status: int) -> Callable[[Request, Exception], Response]:
    def answer(_: Request, error: Exception) -> Response:
        return PlainTextResponse(printable(str(error)) or "not enough memory", status)

    return answer


async def _run(executor: ThreadPoolExecutor, function: Callable, *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)


def _settings(query: QueryParams) -> Settings:
    numbers = {
        name: _number(query[name], name) for name in ("vividness", "saturation") if name in query
    }
    return Settings(**numbers, hints=tuple(map(_hint, query.getlist("hint"))))


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ColorizationError(f"{name} must be a number; found {text!r}") from error


def _hint(text: str) -> Hint:
    parts = text.split(",", 2)
    if len(parts) != 3:
        raise ColorizationError(f"a hint must be X,Y,COLOR; found {text!r}")
    x, y, color = parts
    (hint,) = as_hints([(_number(x, "x"), _number(y, "y"), color)])
    return hint


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    """The content of an image file, and its kind."""
    kind, options = ("PNG", PNG) if image.mode == "RGBA" else ("JPEG", JPEG)
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue(), kind
