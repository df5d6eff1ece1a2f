"""Photographs that someone has given to the page: held in memory, colorized as the dial turns."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.mark import mark
from colorization.imaging import view

PREVIEW = 1200  # px, the longer side of what the page shows
MOST_HELD = 2**29  # bytes of all files together; the oldest are forgotten first


@dataclass(frozen=True)
class Upload:
    """A photograph, and what the network said of it.

    Attributes
    ----------
    content : bytes
        Of its file.
    preview : Image.Image
        Mode RGB or RGBA, sRGB, upright, `PREVIEW` px or smaller.
    predicted : float32 array
        As `Colorizer.predict` gives it.
    """

    content: bytes
    preview: Image.Image
    predicted: np.ndarray


class Uploads:
    """What is held, by a name that nobody can guess, and colorized one at a time.

    Parameters
    ----------
    colorizer : Colorizer
    """

    def __init__(self, colorizer: Colorizer) -> None:
        self._colorizer = colorizer
        self._held: OrderedDict[str, Upload] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def add(self, content: bytes) -> str:
        """Look at a photograph, hold it, and give its name.

        Parameters
        ----------
        content : bytes
            Of its file.

        Raises
        ------
        ColorizationError
            If it cannot be decoded.
        """
        with self._one_at_a_time:
            seen = view.luminance(view.whole(content, self._colorizer.image_size))
            preview = originals.decode_original(content).rgb
            preview.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
            (predicted,) = self._colorizer.predict([seen])
            name = secrets.token_urlsafe(16)
            self._held[name] = Upload(content, preview, predicted)
            while sum(len(each.content) for each in self._held.values()) > MOST_HELD:
                self._held.popitem(last=False)
            return name

    def forget(self, name: str) -> None:
        """Hold a photograph no longer."""
        self._held.pop(name, None)

    def grey(self, name: str) -> Image.Image:
        """Give the preview of a photograph without colours; raises KeyError where none is held."""
        upload = self._held[name]
        return originals.join(upload.preview.copy(), np.zeros((1, 1, 2), np.float32))

    def colorized(
        self, name: str, vividness: float | None = None, saturation: float = 1.0
    ) -> Image.Image:
        """Give its preview in colour; see `Colorizer.__call__`. Raises as `grey`."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._colorizer.turn(upload.predicted, vividness)
            return originals.join(upload.preview.copy(), saturation * ab)

    def png(self, name: str, vividness: float | None = None, saturation: float = 1.0) -> bytes:
        """Give it in colour and in full size, as the command `colorize` writes it."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._colorizer.turn(upload.predicted, vividness)
            original = originals.decode_original(upload.content)
            joined = originals.join(original.rgb, saturation * ab)
            position = self._colorizer.position(vividness)
            return originals.encode_png(
                original, joined, mark(self._colorizer.sha256, position, saturation)
            )
