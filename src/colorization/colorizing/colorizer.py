"""A packaged model that colorizes photographs of any size."""

from pathlib import Path

import numpy as np
from PIL import Image

from colorization.colorizing import originals
from colorization.colorizing.accepted import MOST_SATURATION, checked_number
from colorization.colorizing.inputs import image_in_memory
from colorization.colorizing.predictor import Predictor
from colorization.photos import decoding, model_input

Photograph = np.ndarray | Image.Image | str | Path


class Colorizer(Predictor):
    """Colorizes photographs; `Predictor` has its attributes and what makes one."""

    def __call__(
        self, image: Photograph, saturation: float = 1.0, vividness: float | None = None
    ) -> Image.Image:
        """Colorize one photograph.

        Parameters
        ----------
        image : array, PIL image or path
            An array is as `inputs.image_from_array` takes it: gray or RGB, with or without alpha,
            of integers, floats from 0 to 1, or bool. Only L is used, whatever colors the image has;
            see `see`.
        saturation : float
            Factor on the predicted a and b, from 0 to 100.
        vividness : float, optional
            See `turn`.

        Returns
        -------
        Image.Image
            Mode RGB, sRGB, upright, of the photograph's size. L is the photograph's own, also
            where transparency hides it.

        Raises
        ------
        ColorizationError
            If the image cannot be decoded, an array or a number is not as said above, or for the
            reasons that `turn` gives.
        OSError
            If the file cannot be opened.
        """
        saturation = checked_number("saturation", saturation, MOST_SATURATION)
        position = self.position(vividness)
        ab = self.turn(self.predict([self.see(image)])[0], position)
        if isinstance(image, (str, Path)):
            rgb = originals.read_original(Path(image)).rgb
        else:
            rgb = decoding.to_srgb_with_alpha(image_in_memory(image))
        joined = originals.join(rgb, saturation * ab)
        return joined.convert("RGB") if joined.mode == "RGBA" else joined

    def see(self, image: Photograph) -> np.ndarray:
        """Give L as the network sees a photograph: aspect kept, the shorter side at `image_size`.

        Parameters
        ----------
        image : array, PIL image or path
            As for `__call__`. Transparency is laid on white. A file is decoded as in training: a
            large JPEG at a fraction of its size. The pixels of an array or a PIL image are taken
            as they are. For a large JPEG, L then differs by about 1 of L* in fine noise.

        Returns
        -------
        (H, W, 1) float32 array
            CIE L* / 50 - 1, of the size that `model_input.input_size` gives.

        Raises
        ------
        ColorizationError
            If it cannot be decoded, or is not as said for `__call__`.
        OSError
            If the file cannot be opened.
        """
        if isinstance(image, (str, Path)):
            with originals.open_file(Path(image)) as file:
                rgb = model_input.whole(file, self.image_size)
        else:
            rgb = model_input.whole_image(image_in_memory(image), self.image_size)
        return model_input.luminance(rgb)


def load(model: str | Path | None = None) -> Colorizer:
    """Load a packaged model; see `Predictor.load`."""
    return Colorizer.load(model)
