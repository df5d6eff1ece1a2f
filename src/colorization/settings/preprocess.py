"""`preprocess`: the cached arrays."""

from typing import Annotated

from pydantic import Field

from colorization.core.parameters import Section

ImageSize = Annotated[int, Field(ge=32, le=1024, multiple_of=32)]


class Preprocess(Section):
    """`preprocess`: the cached arrays."""

    image_size: ImageSize
