"""The command `colorize-page`: a page in the browser that colorizes a photograph.

Everything happens on this machine. The page is served to this machine alone, unless `--host` says
otherwise. Photographs are held in memory, at most until the program ends; none is kept on disk.
"""

import argparse
import base64
import io
import os
import shutil
import socket
import sys
import tempfile
import threading
import webbrowser
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")  # see `command`

from PIL import Image

from colorization.colorizing.predictor import Predictor
from colorization.colorizing.uploads import Uploads
from colorization.core.errors import ColorizationError
from colorization.core.text import printable
from colorization.sources import archives

if TYPE_CHECKING:
    import gradio

LARGEST_UPLOAD = 200_000_000  # bytes
HERE = "127.0.0.1"
MOST_SATURATED = 2.0  # end of the slider for a model without a dial
DOWNLOAD = "colorized"  # path of downloads in their URL

JPEG: dict[str, Any] = {"quality": 92, "subsampling": 0}  # for the images that the page shows
INTRODUCTION = """\
# Colorize a photograph

The colors are predicted from the gray image: a guess, not what was there. Nothing leaves this
machine."""
NO_MEMORY = "not enough memory"
FORGOTTEN = "This photograph is held no longer; drop it again."

CSS = """
.comparison .pair {position: relative; width: fit-content; margin: auto}
.comparison img {display: block; max-width: 100%; max-height: 70vh}
.comparison img.color {position: absolute; inset: 0;
    clip-path: inset(0 calc(100% - var(--shown, 50%)) 0 0)}
"""
# The component itself keeps the share, since it stays when its content is replaced.
SHOW = """(share) => {
    document.querySelector('.comparison').style.setProperty('--shown', share + '%');
    return share;
}"""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    described = argparse.ArgumentParser(
        prog="colorize-page", description="Colorize photographs on a page in the browser."
    )
    option = described.add_argument
    option("--model", type=Path, metavar="DIR", help="(the released one)")
    option("--host", default=HERE, help="address to serve the page at (%(default)s: here alone)")
    option("--port", type=int, default=7860, help="0 takes a free one (%(default)s)")
    option("--no-browser", action="store_true", help="open no browser")
    return described


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = parser().parse_args(arguments)
    try:
        with suppress(KeyboardInterrupt):
            _serve(
                Predictor.load(options.model),
                options.host,
                options.port,
                browse=not options.no_browser,
            )
    except ColorizationError as error:
        print(f"colorize-page: {printable(str(error))}", file=sys.stderr)
        return 2
    return 0


def _serve(predictor: Predictor, host: str, port: int, *, browse: bool) -> None:
    """Serve the page until the program is interrupted."""
    with (
        tempfile.TemporaryDirectory(prefix="colorize-page-") as folder,
        _listening(host, port) as listening,
    ):
        os.environ["GRADIO_TEMP_DIR"] = folder  # where uploads lie until they are read
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        app = build_app(predictor)
        import uvicorn  # noqa: PLC0415 (it comes with Gradio)

        shown = HERE if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 (only compared)
        url = f"http://{f'[{shown}]' if ':' in shown else shown}:{listening.getsockname()[1]}/"
        print(f"The page is at {url}; Ctrl-C ends it.", flush=True)
        if browse:  # in a thread, since a browser in the terminal returns only when it is left
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # a browser that is faster than the server then waits for it
        return listening
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        raise ColorizationError(
            f"cannot serve at {host}, port {port}: {why}; --port 0 takes a free one"
        ) from error


def build_app(predictor: Predictor) -> Any:
    """Build the web application.

    Parameters
    ----------
    predictor : Predictor

    Returns
    -------
    fastapi.FastAPI

    Raises
    ------
    ColorizationError
        If Gradio is not installed.
    """
    try:
        import gradio  # noqa: PLC0415 (an extra, and slow)
        from fastapi import FastAPI, HTTPException, Query, Response  # noqa: PLC0415
    except ImportError as error:
        raise ColorizationError(
            'the page needs Gradio; pip install "colorization-pipeline[page]" brings it'
        ) from error
    uploads = Uploads(predictor)
    app = FastAPI(openapi_url=None)

    @app.get(f"/{DOWNLOAD}/{{name}}.png")
    def download(
        name: str,
        vividness: float | None = None,
        saturation: float = Query(1.0, ge=0, le=MOST_SATURATED),
    ) -> Response:  # FastAPI runs it in a thread, as it is no coroutine
        try:
            content = uploads.png(name, vividness, saturation)
        except KeyError:
            raise HTTPException(404, FORGOTTEN) from None
        except ColorizationError as error:
            raise HTTPException(400, str(error)) from None
        except MemoryError:
            raise HTTPException(503, NO_MEMORY) from None
        return Response(content, media_type="image/png")

    page = _layout(gradio, uploads, predictor.vividness)
    return gradio.mount_gradio_app(
        app,
        page,
        path="/",
        max_file_size=LARGEST_UPLOAD,
        footer_links=[],
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        css=CSS,
        # The default fonts would be fetched from another machine.
        theme=gradio.themes.Default(font="system-ui", font_mono="monospace"),
    )


def _layout(gradio: Any, uploads: Uploads, vividness: float | None) -> "gradio.Blocks":
    """Lay out the page, and connect its parts to their functions."""

    def closed(now: tuple[str, str] | None) -> None:
        if now:
            uploads.forget(now[0])

    with gradio.Blocks(title="Colorize", analytics_enabled=False) as page:
        gradio.Markdown(INTRODUCTION)
        file = gradio.File(
            label="Drop a photograph", file_types=sorted(archives.EXTENSIONS), height=140
        )
        problem = gradio.HTML()
        comparison = gradio.HTML(elem_classes="comparison")
        shown = gradio.Slider(0, 100, 50, step=1, label="Gray to color, %", visible=False)
        dial = gradio.Slider(**_dial(vividness), step=0.05, visible=False)
        download = gradio.HTML()
        held = gradio.State(delete_callback=closed)

        def opened(path: str, before: tuple[str, str] | None, position: float) -> dict:
            title, content = Path(path).stem, _take(Path(path))
            try:
                now = uploads.add(content), title
            except (ColorizationError, MemoryError) as error:
                reason = printable(str(error)) or NO_MEMORY
                closed(before)
                alert = _alert(f"{Path(path).name}: {reason}")
                hidden = gradio.update(visible=False)
                return {file: None, held: None, shown: hidden, dial: hidden} | nothing(alert)
            closed(before)
            visible = gradio.update(visible=True)
            visibly = {file: None, held: now, shown: visible, dial: visible}
            return visibly | turned(now, position) | {problem: _notices(uploads.warnings(now[0]))}

        def nothing(alert: str) -> dict:
            return {problem: alert, comparison: "", download: ""}

        def turned(now: tuple[str, str], position: float) -> dict:
            name, title = now
            asked = {"saturation" if vividness is None else "vividness": position}
            try:
                pair = uploads.gray(name), uploads.colorized(name, **asked)
            except KeyError:
                return nothing(_alert(FORGOTTEN))
            address = f"{DOWNLOAD}/{name}.png?{urlencode(asked)}"
            link = _download(address, title)
            return {problem: "", comparison: _pair(*pair), download: link}

        file.upload(
            opened,
            [file, held, dial],
            [file, problem, comparison, shown, dial, download, held],
            api_visibility="private",
            show_progress="minimal",
        )
        dial.input(
            turned,
            [held, dial],
            [problem, comparison, download],
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="always_last",
        )
        shown.input(None, shown, js=SHOW)
    return page


def _dial(vividness: float | None) -> dict[str, Any]:
    """Describe the slider: vividness for a model with a dial, otherwise saturation."""
    if vividness is None:
        return {"minimum": 0, "maximum": MOST_SATURATED, "value": 1, "label": "Saturation"}
    told = "0: closest on average; 1: as colorful as photographs are"
    return {"minimum": 0, "maximum": 1, "value": vividness, "label": "Vividness", "info": told}


def _take(path: Path) -> bytes:
    """Read an uploaded file, and remove it from the disk."""
    try:
        return path.read_bytes()
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)


def _alert(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>'


def _notices(texts: list[str]) -> str:
    return "".join(f'<p role="status">{escape(printable(text))}</p>' for text in texts)


def _download(address: str, title: str) -> str:
    name = escape(f"{title}.png")
    return f'<p><a href="{escape(address)}" download="{name}">Download in full size (PNG)</a></p>'


def _pair(gray: Image.Image, colorized: Image.Image) -> str:
    """Write the HTML that lays the colorized image, cut off at the slider, over the gray one."""
    return (
        f'<div class="pair"><img src="{_data_url(gray)}" alt="The photograph in gray">'
        f'<img class="color" src="{_data_url(colorized)}" alt="The same in predicted colors">'
        "</div>"
    )


def _data_url(image: Image.Image) -> str:
    kind, options = ("PNG", {}) if image.mode == "RGBA" else ("JPEG", JPEG)
    content = io.BytesIO()
    image.save(content, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content.getvalue()).decode()}"


if __name__ == "__main__":
    sys.exit(main())
