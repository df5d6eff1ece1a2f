"""The page's application, served by a thread, and photographs for it."""

import socket
import threading
from pathlib import Path

import numpy as np
import requests
import uvicorn
from PIL import Image

from colorization.colorizing import command
from colorization.colorizing.application import build_app
from colorization.colorizing.predictor import Predictor
from samples import encoded, scene


class Site(requests.Session):
    """An application that is served by a thread, and requests to it."""

    def __init__(self, predictor: Predictor, hosts: list[str]) -> None:
        super().__init__()
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(build_app(predictor, hosts), log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()

    def request(self, method: str, url: str, **options: object) -> requests.Response:  # type: ignore[override]
        return super().request(method, f"{self.address}/{url}", timeout=60, **options)  # type: ignore[arg-type]

    def add(self, photo: Path) -> str:
        """Upload a photograph, and return its path."""
        answer = self.post("photographs", data=photo.read_bytes())
        assert answer.status_code == 201
        return f"photographs/{answer.json()['name']}"

    def close(self) -> None:
        super().close()
        self._server.should_exit = True
        self._thread.join()


def write_photographs(folder: Path) -> Path:
    """Photographs in several modes; broken.jpg is none, cut.jpg lacks its end marker."""
    color = Image.fromarray(scene(1, 300, 200))
    adjusted = Image.Exif()
    adjusted[0x0112] = 6
    adjusted[0x013B] = "somebody"
    color.save(folder / "turned.jpg", exif=adjusted)
    Image.fromarray((np.asarray(color.convert("L"), np.uint16) << 8) + 77).save(folder / "deep.png")
    clear = color.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(color.size))
    clear.save(folder / "clear & <b>.png")
    (folder / "broken.jpg").write_bytes((folder / "turned.jpg").read_bytes()[:900])
    (folder / "cut.jpg").write_bytes(encoded(scene(4, 60, 44), "JPEG")[:-2])
    return folder


def output_of_the_command(model: Path, photo: Path, out: Path, *options: str) -> bytes:
    arguments = [str(photo), "--model", str(model), "--output", str(out), "--format", "png"]
    assert command.main([*arguments, "--quiet", *options]) == 0
    return (out / photo.with_suffix(".png").name).read_bytes()
