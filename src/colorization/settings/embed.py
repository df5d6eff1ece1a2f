"""`embed`: the ImageNet embedding of each image."""

from typing import Annotated, Literal

from pydantic import Field

from colorization.core.parameters import Section
from colorization.core.records import NotEmpty, Seed

Network = Literal["inception_resnet_v2", "inception_v3", "mobilenet_v2"]
Precision = Literal["auto", "float32", "mixed_bfloat16"]  # random logits fall under float16
# Each image in a batch takes up to 25 MB, and batches of more than 16 are hardly faster.
BatchSize = Annotated[int, Field(ge=1, le=256)]


class Embed(Section):
    """`embed`: the ImageNet embedding of each image."""

    network: Network
    weights: NotEmpty
    seed: Seed
    batch_size: BatchSize
    precision: Precision
