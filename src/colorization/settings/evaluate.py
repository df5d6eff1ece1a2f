"""`evaluate`: the test metrics and pictures."""

from colorization.core.parameters import Section
from colorization.core.records import Count


class Evaluate(Section):
    """`evaluate`: the test metrics and pictures."""

    batch_size: Count
    sample_images: Count
    extreme_images: Count
