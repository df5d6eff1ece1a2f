"""`evaluate`: the test metrics and pictures."""

from typing import Annotated

from pydantic import Field

from colorization.core.parameters import Section

BatchSize = Annotated[int, Field(ge=1, le=1024)]
Shown = Annotated[int, Field(ge=1, le=1000)]  # each image adds its pictures to a page


class Evaluate(Section):
    """`evaluate`: the test metrics and pictures."""

    batch_size: BatchSize
    sample_images: Shown
    extreme_images: Shown
