"""`download`: where the photographs come from."""

from typing import Annotated

from pydantic import Field

from colorization.core.parameters import Section
from colorization.core.records import Count, NotEmpty, Record, Seed

Side = Annotated[int, Field(ge=32, le=1024)]  # as preprocess.image_size; larger ones take gigabytes


class Scenes(Record):
    """`download.scenes`: the procedural landscapes."""

    count: Count
    width: Side
    height: Side
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    seed: Seed


class Download(Section):
    """`download`: where the photographs come from."""

    source: NotEmpty
    scenes: Scenes
