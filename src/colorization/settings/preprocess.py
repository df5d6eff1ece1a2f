"""`preprocess`: the cached arrays."""

from colorization.core.parameters import Section
from colorization.core.records import ImageSize


class Preprocess(Section):
    """`preprocess`: the cached arrays."""

    image_size: ImageSize
