"""Keep the page's photographs and predictions in memory, and color them at any vividness."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.borders import Picture
from colorization.colorizing.bulk import TASKS
from colorization.colorizing.predictor import Predictor
from colorization.core.workers import Answer, Workers

PREVIEW = 1200  # px, the longest side of a preview
MOST_HELD = 2**29  # bytes of all uploads together; the oldest are dropped first
SECONDS = 180.0  # timeout for decoding or encoding a photograph


@dataclass(frozen=True)
class Upload:
    """A photograph, and the network's output for it.

    Attributes
    ----------
    content : bytes
        The file's content.
    preview : Image.Image
        Mode RGB or RGBA, sRGB, upright, `PREVIEW` px or smaller.
    predicted : float32 array
        Returned by `Predictor.predict`.
    picture : Picture or None
        What of the photograph the network got; None for all of it.
    warnings : list of str
        Warnings about the file.
    """

    content: bytes
    preview: Image.Image
    predicted: np.ndarray
    picture: Picture | None
    warnings: list[str]

    @property
    def nbytes(self) -> int:
        """Bytes of memory used."""
        preview = self.preview.width * self.preview.height * len(self.preview.getbands())
        return len(self.content) + preview + self.predicted.nbytes


class Uploads:
    """Photographs by unguessable names; one is processed at a time.

    A worker process decodes them, so that a file that crashes a decoder does not end the page.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._workers = Workers(TASKS, 1)
        self._held: OrderedDict[str, Upload] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def add(self, content: bytes) -> str:
        """Run the network on a photograph, keep both, and return their name.

        Parameters
        ----------
        content : bytes
            The file's content.

        Raises
        ------
        ColorizationError
            If the photograph cannot be decoded.
        """
        with self._one_at_a_time:
            sizes = self._predictor.image_size, self._predictor.embedder_size
            answer = self._call("upload", content, *sizes, PREVIEW)
            prepared, preview = answer.value
            (predicted,) = self._predictor.predict([prepared])
            name = secrets.token_urlsafe(16)
            self._held[name] = Upload(
                content, preview, predicted, prepared.picture, answer.warnings
            )
            while len(self._held) > 1 and self._nbytes() > MOST_HELD:
                self._held.popitem(last=False)
            return name

    def _nbytes(self) -> int:
        return sum(upload.nbytes for upload in self._held.values())

    def forget(self, name: str) -> None:
        """Remove a photograph, if it is there."""
        with self._one_at_a_time:
            self._held.pop(name, None)

    def warnings(self, name: str) -> list[str]:
        """Return the warnings about a photograph's file. Raises as `gray`."""
        return self._held[name].warnings

    def gray(self, name: str) -> Image.Image:
        """Return the preview of a photograph in gray; raises KeyError for an unknown name."""
        upload = self._held[name]
        return originals.join(upload.preview.copy(), np.zeros((1, 1, 2), np.float32))

    def colorized(
        self, name: str, vividness: float | None = None, saturation: float = 1.0
    ) -> Image.Image:
        """Return the preview in color; see `Predictor.decode`. Raises as `gray`."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._predictor.decode(upload.predicted, vividness, saturation)
            return originals.join(upload.preview.copy(), ab, upload.picture)

    def png(self, name: str, vividness: float | None = None, saturation: float = 1.0) -> bytes:
        """Return the photograph in color and full size, as the command `colorize` writes it."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._predictor.decode(upload.predicted, vividness, saturation)
            vividness = self._predictor.checked_vividness(vividness)
            made_with = self._predictor.sha256, vividness, saturation
            return self._call("png", upload.content, ab, upload.picture, made_with).value

    def _call(self, task: str, *arguments: Any) -> Answer:
        return self._workers.call(task, *arguments, seconds=SECONDS)
