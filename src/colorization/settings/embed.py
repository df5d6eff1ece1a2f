"""`embed`: the ImageNet embedding of each image."""

from typing import Literal

from colorization.core.parameters import Section
from colorization.core.records import Count, NotEmpty, Seed

Network = Literal["inception_resnet_v2", "inception_v3", "mobilenet_v2"]
Precision = Literal["auto", "float32", "mixed_bfloat16"]  # random logits fall under float16


class Embed(Section):
    """`embed`: the ImageNet embedding of each image."""

    network: Network
    weights: NotEmpty
    seed: Seed
    batch_size: Count
    precision: Precision
