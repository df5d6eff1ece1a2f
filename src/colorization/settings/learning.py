"""The settings that all trainings share."""

from typing import Annotated, Literal

from pydantic import Field

from colorization.core.parameters import Section
from colorization.core.records import Count

Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Devices = Literal["one", "all"]

BatchSize = Annotated[int, Field(ge=1, le=4096)]
Rate = Annotated[float, Field(gt=0, le=1000)]  # Adam moves each weight by about this much per step


class Learning(Section):
    """A section with the settings that all trainings share."""

    epochs: Count
    batch_size: BatchSize
    learning_rate: Rate
    flip: bool
    precision: Precision
    devices: Devices
    monitor_images: Count
