"""Hold the page's photographs in memory, and colorize them anew when the dial turns."""

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

PREVIEW = 1200  # px, the longer side of the images that the page shows
MOST_HELD = 2**29  # bytes of all uploads together; the oldest are forgotten first


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
    """

    content: bytes
    preview: Image.Image
    predicted: np.ndarray

    @property
    def held(self) -> int:
        """Bytes of memory that it takes."""
        shown = self.preview.width * self.preview.height * len(self.preview.getbands())
        return len(self.content) + shown + self.predicted.nbytes


class Uploads:
    """The photographs held, under names that nobody can guess; one is colorized at a time.

    Parameters
    ----------
    colorizer : Colorizer
    """

    def __init__(self, colorizer: Colorizer) -> None:
        self._colorizer = colorizer
        self._held: OrderedDict[str, Upload] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def add(self, content: bytes) -> str:
        """Predict the colours of a photograph, hold both, and give their name.

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
            seen = view.luminance(view.whole(content, self._colorizer.image_size))
            preview = originals.decode_original(content).rgb
            preview.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
            (predicted,) = self._colorizer.predict([seen])
            name = secrets.token_urlsafe(16)
            self._held[name] = Upload(content, preview, predicted)
            while (
                len(self._held) > 1 and sum(each.held for each in self._held.values()) > MOST_HELD
            ):
                self._held.popitem(last=False)
            return name

    def forget(self, name: str) -> None:
        """Hold a photograph no longer."""
        with self._one_at_a_time:
            self._held.pop(name, None)

    def grey(self, name: str) -> Image.Image:
        """Give the preview of a photograph in grey; raises KeyError if none has that name."""
        upload = self._held[name]
        return originals.join(upload.preview.copy(), np.zeros((1, 1, 2), np.float32))

    def colorized(
        self, name: str, vividness: float | None = None, saturation: float = 1.0
    ) -> Image.Image:
        """Give the preview in colour; see `Colorizer.__call__`. Raises as `grey`."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._colorizer.turn(upload.predicted, vividness)
            return originals.join(upload.preview.copy(), saturation * ab)

    def png(self, name: str, vividness: float | None = None, saturation: float = 1.0) -> bytes:
        """Give the photograph in colour and full size, as the command `colorize` writes it."""
        upload = self._held[name]
        with self._one_at_a_time:
            ab = self._colorizer.turn(upload.predicted, vividness)
            original = originals.decode_original(upload.content)
            joined = originals.join(original.rgb, saturation * ab)
            position = self._colorizer.position(vividness)
            return originals.encode_png(
                original, joined, mark(self._colorizer.sha256, position, saturation)
            )
