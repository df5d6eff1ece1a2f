"""`train`: how every variant is trained."""

from typing import Annotated, Literal

from pydantic import Field

from colorization.core.parameters import Section
from colorization.core.records import Count, Positive

Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Devices = Literal["one", "all"]


class Train(Section):
    """`train`: how every variant is trained."""

    epochs: Count
    batch_size: Count
    learning_rate: Positive
    decay_steps: Count
    decay_rate: Annotated[float, Field(gt=0, le=1)]
    flip: bool
    precision: Precision
    devices: Devices
    monitor_images: Count
