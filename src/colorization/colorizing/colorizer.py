"""A packaged model that colorizes photographs of any size."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.accepted import MOST_SATURATION, checked_number
from colorization.colorizing.hints import Hint, as_hints
from colorization.colorizing.inputs import image_in_memory
from colorization.colorizing.predictor import Predictor
from colorization.colorizing.prepared import Prepared, prepare, prepare_file
from colorization.photos import decoding

Photograph = np.ndarray | Image.Image | str | Path


class Colorizer(Predictor):
    """Colorizes photographs; see `Predictor` for attributes and parameters."""

    def __call__(
        self,
        image: Photograph,
        saturation: float = 1.0,
        vividness: float | None = None,
        hints: Iterable[Hint | tuple[float, float, str]] = (),
    ) -> Image.Image:
        """Colorize one photograph.

        Parameters
        ----------
        image : array, PIL image or path
            An array is gray or RGB, with or without alpha, of integers, floats from 0 to 1, or
            bool; see `inputs.image_from_array`. Any colors are ignored: only L is used.
        saturation : float
            Factor on the predicted a and b, from 0 to 100.
        vividness : float, optional
            See `decode`.
        hints : iterable of Hint or (x, y, color), optional
            Colors of places: x and y in pixels of the upright photograph, from its left and upper
            edge; the color as "#rrggbb" or a CSS name.

        Returns
        -------
        Image.Image
            Mode RGB, sRGB, upright, of the photograph's size, with the photograph's own L, even
            of transparent pixels.

        Raises
        ------
        ColorizationError
            If the image cannot be decoded, an argument is invalid, a hint is outside the
            photograph, or hints are given to a model that takes none.
        OSError
            If the file cannot be opened.
        """
        saturation = checked_number("saturation", saturation, MOST_SATURATION)
        vividness = self.checked_vividness(vividness)
        hints = as_hints(hints)
        prepared = self.prepare_input(image)
        (predicted,) = self.predict([prepared], [hints])
        ab = self.decode(predicted, vividness, saturation)
        if isinstance(image, (str, Path)):
            rgb = originals.read_original(Path(image)).rgb
        else:
            rgb = decoding.to_srgb_with_alpha(image_in_memory(image))
        joined = originals.join(rgb, ab, prepared.picture)
        return joined.convert("RGB") if joined.mode == "RGBA" else joined

    def prepare_input(self, image: Photograph) -> Prepared:
        """Convert a photograph to the model's inputs: L, with a shorter side of `image_size` px.

        Parameters
        ----------
        image : array, PIL image or path
            As for `__call__`. Transparent pixels are composited on white. A file is decoded as in
            training, a large JPEG at a fraction of its size; L differs by about 1 of L*, in fine
            noise, from that of an array or a PIL image of the same pixels.

        Returns
        -------
        Prepared
            L, what the embedding network gets, if there is one, and where the picture is within
            a border, which is left out.

        Raises
        ------
        ColorizationError
            If the image cannot be decoded, or is invalid.
        OSError
            If the file cannot be opened.
        """
        if isinstance(image, (str, Path)):
            return prepare_file(Path(image), None, self.image_size, self.embedder_size)
        return prepare(lambda: image_in_memory(image), self.image_size, self.embedder_size)


def load(model: str | Path | None = None) -> Colorizer:
    """Load a packaged model; see `Predictor.load`."""
    return Colorizer.load(model)
