"""The command `colorize-page`: colorize photographs on a local web page.

Everything is computed locally. The page is served to this machine only, unless `--host` is given.
Photographs are kept in memory, not on disk, and are dropped when their page is closed.
"""

import argparse
import errno
import os
import socket
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")  # see `command`

from colorization.colorizing.predictor import Predictor
from colorization.core.errors import ColorizationError
from colorization.core.text import printable

HERE = "127.0.0.1"
SECONDS_TO_END = 1  # for requests that are being answered
NAMES_OF_HERE = ["localhost", HERE, "::1"]


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
    try:
        import uvicorn  # noqa: PLC0415 (an extra)

        from colorization.colorizing.application import build_app  # noqa: PLC0415 (Starlette, too)
    except ImportError as error:
        raise ColorizationError(
            f'the page needs {error.name}: pip install "colorization-pipeline[page]"'
        ) from error
    with _listening(host, port) as listening:
        address = HERE if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 (only compared)
        netloc = f"[{address}]" if ":" in address else address
        url = f"http://{netloc}:{listening.getsockname()[1]}/"
        print(f"Serving at {url}; press Ctrl-C to stop.", flush=True)
        if browse:  # in a thread, since terminal browsers block
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        app = build_app(predictor, NAMES_OF_HERE if host in NAMES_OF_HERE else ["*"])
        config = uvicorn.Config(
            app, log_level="error", server_header=False, timeout_graceful_shutdown=SECONDS_TO_END
        )
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # so that an early browser waits for the server
        return listening
    except (OSError, OverflowError, TypeError, UnicodeError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        remedy = "; --port 0 uses any free port" if taken else ""
        raise ColorizationError(f"cannot serve at {host}, port {port}: {why}{remedy}") from error


if __name__ == "__main__":
    sys.exit(main())
