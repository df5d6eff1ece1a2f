"""Hold the page's photographs in memory, and colorize them anew when the dial turns."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.bulk import TASKS
from colorization.colorizing.predictor import Predictor
from colorization.core.workers import Answer, Workers

PREVIEW = 1200  # px, the longer side of the images that the page shows
MOST_HELD = 2**29  # bytes of all uploads together; the oldest are forgotten first
SECONDS = 180.0  # for the decoding or encoding of a photograph; more means that a decoder hangs


@dataclass(frozen=True)
class Upload:
    """A photograph, and the network's prediction for it.

    Attributes
    ----------
    content : bytes
        The content of its file.
    preview : Image.Image
        Mode RGB or RGBA, sRGB, upright, `PREVIEW` px or smaller.
    predicted : float32 array
        As `Colorizer.predict` gives it.
    warnings : list of str
        What is doubtful about its file.
    """

    content: bytes
    preview: Image.Image
    predicted: np.ndarray
    warnings: list[str]

    @property
    def held(self) -> int:
        """Bytes of memory that it takes."""
        shown = self.preview.width * self.preview.height * len(self.preview.getbands())
        return len(self.content) + shown + self.predicted.nbytes


class Uploads:
    """The photographs held, under names that nobody can guess; one is colorized at a time.

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
        """Predict the colors of a photograph, hold both, and give their name.

        Parameters
        ----------
        content : bytes
            The content of the photograph's file.

        Raises
        ------
        ColorizationError
            If the photograph cannot be decoded.
        """
        with self._one_at_a_time:
            answer = self._call("upload", content, self._predictor.image_size, PREVIEW)
            L, preview = answer.value
            (predicted,) = self._predictor.predict([L])
            name = secrets.token_urlsafe(16)
            self._held[name] = Upload(content, preview, predicted, answer.warnings)
            while (
                len(self._held) > 1 and sum(each.held for each in self._held.values()) > MOST_HELD
            ):
                self._held.popitem(last=False)
            return name

    def forget(self, name: str) -> None:
        """Hold a photograph no longer."""
        with self._one_at_a_time:
            self._held.pop(name, None)

    def warnings(self, name: str) -> list[str]:
        """Give what is doubtful about the file of a photograph. Raises as `gray`."""
        return self._held[name].warnings

    def gray(self, name: str) -> Image.Image:
        """Give the preview of a photograph in gray; raises KeyError if none has that name."""
        upload = self._held[name]
        return originals.join(upload.preview.copy(), np.zeros((1, 1, 2), np.float32))

    def colorized(
        self, name: str, vividness: float | None = None, saturation: float = 1.0
    ) -> Image.Image:
        """Give the preview in color; see `Colorizer.__call__`. Raises as `gray`."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._predictor.turn(upload.predicted, vividness)
            return originals.join(upload.preview.copy(), saturation * ab)

    def png(self, name: str, vividness: float | None = None, saturation: float = 1.0) -> bytes:
        """Give the photograph in color and full size, as the command `colorize` writes it."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._predictor.turn(upload.predicted, vividness)
            position = self._predictor.position(vividness)
            made_with = self._predictor.sha256, position, saturation
            return self._call("png", upload.content, saturation * ab, made_with).value

    def _call(self, task: str, *arguments: Any) -> Answer:
        return self._workers.call(task, *arguments, seconds=SECONDS)
