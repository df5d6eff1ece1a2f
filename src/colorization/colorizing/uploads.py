"""Keep the page's photographs in memory, with what the network computed of each."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.borders import Picture
from colorization.colorizing.bulk import (
    IN_FLIGHT,
    PER_INPUT_PIXEL,
    PER_PHOTOGRAPH,
    PER_PIXEL,
    SECONDS,
    SECONDS_PER_PIXEL,
    TASKS,
)
from colorization.colorizing.hints import Hint
from colorization.colorizing.memory_budget import MemoryBudget
from colorization.colorizing.predictor import Predictor
from colorization.colorizing.prepared import Prepared
from colorization.colorizing.spread import Distances
from colorization.core.errors import ColorizationError
from colorization.core.workers import Answer, Workers

PREVIEW = 1200  # px, the longest side of a preview
MOST_HELD = 2**29  # bytes of all uploads together; those that were not used longest go first
LIKELY = 6  # colors that are offered for a place


class ForgottenError(ColorizationError):
    """A photograph is not, or no longer, in memory."""

    def __init__(self) -> None:
        super().__init__("this photograph is no longer in memory; drop it again")


@dataclass(frozen=True)
class Settings:
    """How to color a photograph.

    Attributes
    ----------
    vividness, saturation
        See `Predictor.decode`.
    hints : tuple of Hint
    """

    vividness: float | None = None
    saturation: float = 1.0
    hints: tuple[Hint, ...] = ()


@dataclass
class Upload:
    """A photograph, and what the networks computed of it.

    Attributes
    ----------
    content : bytes
        The file's content.
    pixels : int
        See `originals.count_pixels`.
    preview : Image.Image
        Mode RGB or RGBA, sRGB, upright, `PREVIEW` px or smaller.
    photograph : Prepared
    predicted : float32 array
        Returned by `Predictor.predict` without hints.
    warnings : list of str
        Warnings about the file.
    distances : Distances
        Of the last hints.
    """

    content: bytes
    pixels: int
    preview: Image.Image
    photograph: Prepared
    predicted: np.ndarray
    warnings: list[str]
    distances: Distances = field(default_factory=Distances)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright photograph, px."""
        return self.photograph.size

    @property
    def picture(self) -> Picture | None:
        """What of the photograph the networks got; None for all of it."""
        return self.photograph.picture

    @property
    def in_color(self) -> bool:
        """Whether the photograph has colors of its own."""
        return self.photograph.in_color

    @property
    def nbytes(self) -> int:
        """Bytes of memory used."""
        preview = self.preview.width * self.preview.height * len(self.preview.getbands())
        computed = self.photograph.nbytes + self.predicted.nbytes + self.distances.nbytes
        return len(self.content) + preview + computed


class Uploads:
    """Photographs by unguessable names; several threads may use them.

    Worker processes decode them, so that a file that crashes a decoder does not end the page.

    Parameters
    ----------
    predictor : Predictor
    count : int
        Number of worker processes.
    """

    def __init__(self, predictor: Predictor, count: int) -> None:
        self._predictor = predictor
        self._workers = Workers(TASKS, count)
        self._memory = MemoryBudget(IN_FLIGHT)
        self._held: OrderedDict[str, Upload] = OrderedDict()  # the last one was used last
        self._lock = threading.Lock()  # of `_held`

    def close(self) -> None:
        """End the worker processes, even busy ones."""
        self._workers.close()

    def add(self, content: bytes) -> str:
        """Run the networks on a photograph, keep what they compute, and return its name.

        Parameters
        ----------
        content : bytes
            The file's content.

        Raises
        ------
        ColorizationError
            If the photograph cannot be decoded.
        """
        sizes = self._predictor.image_size, self._predictor.embedder_size
        pixels = self._call("count_pixels", 0, content).value
        with self._memory.reserve(_needed(content, pixels)):
            answer = self._call("upload", pixels, content, *sizes, PREVIEW)
        prepared, preview = answer.value
        with self._memory.reserve(PER_INPUT_PIXEL * prepared.input_pixels):
            (predicted,) = self._predictor.predict([prepared])
        name = secrets.token_urlsafe(16)
        upload = Upload(content, pixels, preview, prepared, predicted, answer.warnings)
        with self._lock:
            self._held[name] = upload
        self._drop_oldest()
        return name

    def _drop_oldest(self) -> None:
        with self._lock:
            while len(self._held) > 1 and self._nbytes() > MOST_HELD:
                self._held.popitem(last=False)

    def _nbytes(self) -> int:
        return sum(upload.nbytes for upload in self._held.values())

    def forget(self, name: str) -> None:
        """Remove a photograph, if it is there."""
        with self._lock:
            self._held.pop(name, None)

    def __getitem__(self, name: str) -> Upload:
        """Return a photograph; raises a ForgottenError for an unknown name."""
        with self._lock:
            if name not in self._held:
                raise ForgottenError
            self._held.move_to_end(name)
            return self._held[name]

    def gray(self, name: str) -> Image.Image:
        """Return the preview of a photograph in gray."""
        return originals.join(self[name].preview.copy(), np.zeros((1, 1, 2), np.float32))

    def colorized(self, name: str, settings: Settings) -> Image.Image:
        """Return the preview in color.

        Raises
        ------
        ColorizationError
            If a setting is invalid, or the model has none of its kind.
        """
        upload = self[name]
        return originals.join(upload.preview.copy(), self._ab(upload, settings), upload.picture)

    def png(self, name: str, settings: Settings) -> bytes:
        """Return the photograph in color and full size, as the command `colorize` writes it.

        Raises as `colorized`.
        """
        upload = self[name]
        ab = self._ab(upload, settings)
        vividness = self._predictor.checked_vividness(settings.vividness)
        made_with = self._predictor.sha256, vividness, settings.saturation, settings.hints
        with self._memory.reserve(_needed(upload.content, upload.pixels)):
            arguments = upload.content, ab, upload.picture, made_with
            return self._call("png", upload.pixels, *arguments).value

    def likely(self, name: str, settings: Settings, x: float, y: float) -> list[str]:
        """Return the colors that are likely at a place; see `Predictor.likely_colors`."""
        upload = self[name]
        predicted = self._hinted(upload, settings)
        return self._predictor.likely_colors(predicted, upload.photograph, x, y, LIKELY)

    def _ab(self, upload: Upload, settings: Settings) -> np.ndarray:
        predicted = self._hinted(upload, settings)
        return self._predictor.decode(predicted, settings.vividness, settings.saturation)

    def _hinted(self, upload: Upload, settings: Settings) -> np.ndarray:
        hinted = self._predictor.apply_hints(
            upload.predicted, upload.photograph, settings.hints, upload.distances
        )
        self._drop_oldest()  # distances take memory, too
        return hinted

    def _call(self, task: str, pixels: int, *arguments: Any) -> Answer:
        seconds = SECONDS + SECONDS_PER_PIXEL * pixels
        return self._workers.call(task, *arguments, seconds=seconds)


def _needed(content: bytes, pixels: int) -> int:
    """Bytes of memory that decoding a photograph in full size takes."""
    return PER_PHOTOGRAPH + len(content) + PER_PIXEL * pixels
