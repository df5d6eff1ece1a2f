"""`embed`: the ImageNet embedding of each image."""

from typing import Annotated, Literal

from pydantic import Field

from colorization.core.parameters import Section
from colorization.core.records import NotEmpty, Seed

Network = Literal["inception_resnet_v2", "inception_v3", "mobilenet_v2"]
Precision = Literal["auto", "float32", "mixed_bfloat16"]  # random logits fall under float16
# An image in a batch takes 17 MB beside the 1.3 GB of the largest network: 32 stay under 2 GiB.
BatchSize = Annotated[int, Field(ge=1, le=32)]


class Embed(Section):
    """`embed`: the ImageNet embedding of each image."""

    network: Network
    weights: NotEmpty
    seed: Seed
    batch_size: BatchSize
    precision: Precision
