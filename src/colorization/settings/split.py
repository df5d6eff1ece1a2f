"""`split`: the split of the photographs into training, validation and test."""

from typing import Annotated

from pydantic import AfterValidator, Field

from colorization.core.parameters import Section
from colorization.core.records import Fraction, Seed, mistake


def _sum_to_one(ratios: tuple[float, ...]) -> tuple[float, ...]:
    total = sum(ratios)
    if abs(total - 1) > 1e-9:
        terms = " + ".join(f"{ratio:g}" for ratio in ratios)
        raise mistake(f"must sum to 1; found {terms} = {total:g}")
    return ratios


class Split(Section):
    """`split`: the split of the photographs into training, validation and test."""

    ratios: Annotated[tuple[Fraction, Fraction, Fraction], AfterValidator(_sum_to_one)]
    seed: Seed
    # px. A larger minimum would leave out every square: at most 89 megapixels are decoded.
    min_side: Annotated[int, Field(ge=1, le=9459)]
    max_aspect: Annotated[float, Field(ge=1, le=1e8)]  # no decoded image is longer
    min_chroma: Annotated[float, Field(ge=0, le=134)]  # sRGB's blue has the largest, 134
