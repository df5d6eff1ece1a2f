"""`embed`: the ImageNet embedding of each image."""

from typing import Annotated, Literal

from pydantic import Field

from colorization.core.parameters import Section
from colorization.core.records import NotEmpty, Seed

Network = Literal["inception_resnet_v2", "inception_v3", "mobilenet_v2"]
# Without mixed_float16: the logits of random weights are too small for float16.
Precision = Literal["auto", "float32", "mixed_bfloat16"]
# The largest network takes 1.3 GB, and each image of a batch 17 MB: 32 images stay under 2 GiB.
BatchSize = Annotated[int, Field(ge=1, le=32)]


class Embed(Section):
    """`embed`: the ImageNet embedding of each image."""

    network: Network
    weights: NotEmpty
    seed: Seed
    batch_size: BatchSize
    precision: Precision
