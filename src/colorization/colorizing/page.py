"""The command `colorize-page`: colorize photographs on a local web page.

Everything is computed locally. The page is served to this machine only, unless `--host` is given.
Photographs are kept in memory until the program ends, not on disk.
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
MOST_SATURATED = 2.0  # end of the slider for a model without vividness
DOWNLOAD = "colorized"  # in the URL of downloads

JPEG: dict[str, Any] = {"quality": 92, "subsampling": 0}  # of previews
INTRODUCTION = """\
# Colorize a photograph

The colors are predicted from the gray image; they are plausible, not the original ones. Photographs
do not leave this machine."""
NO_MEMORY = "not enough memory"
FORGOTTEN = "This photograph is no longer in memory; drop it again."

CSS = """
.comparison .pair {position: relative; width: fit-content; margin: auto}
.comparison img {display: block; max-width: 100%; max-height: 70vh}
.comparison img.color {position: absolute; inset: 0;
    clip-path: inset(0 calc(100% - var(--split, 50%)) 0 0)}
"""
# Set on the component, which stays when its content is replaced.
SPLIT = """(percent) => {
    document.querySelector('.comparison').style.setProperty('--split', percent + '%');
    return percent;
}"""


def parser() -> argparse.ArgumentParser:
    """Build the argument parser."""
    parser = argparse.ArgumentParser(
        prog="colorize-page", description="Colorize photographs in the browser."
    )
    option = parser.add_argument
    option("--model", type=Path, metavar="DIR", help="packaged model (default: the released model)")
    option("--host", default=HERE, help="address to bind (default: %(default)s, this machine only)")
    option("--port", type=int, default=7860, help="0 for any free port (default: %(default)s)")
    option("--no-browser", action="store_true", help="do not open a browser")
    return parser


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
    """Serve the page until interrupted."""
    with (
        tempfile.TemporaryDirectory(prefix="colorize-page-") as folder,
        _listening(host, port) as listening,
    ):
        os.environ["GRADIO_TEMP_DIR"] = folder  # of uploads, until they are read
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        app = build_app(predictor)
        import uvicorn  # noqa: PLC0415 (a dependency of Gradio)

        address = HERE if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 (only compared)
        netloc = f"[{address}]" if ":" in address else address
        url = f"http://{netloc}:{listening.getsockname()[1]}/"
        print(f"Serving at {url}; press Ctrl-C to stop.", flush=True)
        if browse:  # in a thread, since terminal browsers block
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # so that an early browser waits for the server
        return listening
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        raise ColorizationError(
            f"cannot serve at {host}, port {port}: {why}; --port 0 uses any free port"
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
            'the page needs Gradio: pip install "colorization-pipeline[page]"'
        ) from error
    uploads = Uploads(predictor)
    app = FastAPI(openapi_url=None)

    @app.get(f"/{DOWNLOAD}/{{name}}.png")
    def download(
        name: str,
        vividness: float | None = None,
        saturation: float = Query(1.0, ge=0, le=MOST_SATURATED),
    ) -> Response:  # not a coroutine: FastAPI runs it in a thread
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
        # The default fonts would be downloaded.
        theme=gradio.themes.Default(font="system-ui", font_mono="monospace"),
    )


def _layout(gradio: Any, uploads: Uploads, vividness: float | None) -> "gradio.Blocks":
    """Lay out the page, and connect its components to their handlers."""

    def close(upload: tuple[str, str] | None) -> None:
        if upload:
            uploads.forget(upload[0])

    with gradio.Blocks(title="Colorize", analytics_enabled=False) as page:
        gradio.Markdown(INTRODUCTION)
        file = gradio.File(
            label="Drop a photograph", file_types=sorted(archives.EXTENSIONS), height=140
        )
        problem = gradio.HTML()
        comparison = gradio.HTML(elem_classes="comparison")
        split = gradio.Slider(0, 100, 50, step=1, label="Gray to color, %", visible=False)
        setting = gradio.Slider(**_setting(vividness), step=0.05, visible=False)
        download = gradio.HTML()
        current = gradio.State(delete_callback=close)  # name and title of the upload

        def open_file(path: str, previous: tuple[str, str] | None, value: float) -> dict:
            title, content = Path(path).stem, _read_and_delete(Path(path))
            try:
                upload = uploads.add(content), title
            except (ColorizationError, MemoryError) as error:
                reason = printable(str(error)) or NO_MEMORY
                close(previous)
                alert = _alert(f"{Path(path).name}: {reason}")
                hidden = gradio.update(visible=False)
                return {file: None, current: None, split: hidden, setting: hidden} | clear(alert)
            close(previous)
            visible = gradio.update(visible=True)
            opened = {file: None, current: upload, split: visible, setting: visible}
            notices = _notices(uploads.warnings(upload[0]))
            return opened | update(upload, value) | {problem: notices}

        def clear(alert: str) -> dict:
            return {problem: alert, comparison: "", download: ""}

        def update(upload: tuple[str, str], value: float) -> dict:
            name, title = upload
            settings = {"saturation" if vividness is None else "vividness": value}
            try:
                pair = uploads.gray(name), uploads.colorized(name, **settings)
            except KeyError:
                return clear(_alert(FORGOTTEN))
            address = f"{DOWNLOAD}/{name}.png?{urlencode(settings)}"
            link = _download(address, title)
            return {problem: "", comparison: _pair(*pair), download: link}

        file.upload(
            open_file,
            [file, current, setting],
            [file, problem, comparison, split, setting, download, current],
            api_visibility="private",
            show_progress="minimal",
        )
        setting.input(
            update,
            [current, setting],
            [problem, comparison, download],
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="always_last",
        )
        split.input(None, split, js=SPLIT)
    return page


def _setting(vividness: float | None) -> dict[str, Any]:
    """Options of the slider: vividness, or saturation for a model without it."""
    if vividness is None:
        return {"minimum": 0, "maximum": MOST_SATURATED, "value": 1, "label": "Saturation"}
    info = "0: closest on average; 1: as colorful as photographs"
    return {"minimum": 0, "maximum": 1, "value": vividness, "label": "Vividness", "info": info}


def _read_and_delete(path: Path) -> bytes:
    """Read an uploaded file, and delete it."""
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
    """HTML of the colorized image over the gray one, clipped at the slider's value."""
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
