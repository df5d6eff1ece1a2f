"""`split`: which photograph serves for what."""

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
    """`split`: which photograph serves for what."""

    ratios: Annotated[tuple[Fraction, Fraction, Fraction], AfterValidator(_sum_to_one)]
    seed: Seed
    min_side: Annotated[
        int, Field(ge=1, le=9459)
    ]  # beyond it nothing is left: 89 megapixels is the most that is decoded
    max_aspect: Annotated[float, Field(ge=1, le=1e8)]  # no strip is longer
    min_chroma: Annotated[float, Field(ge=0, le=134)]  # of sRGB's blue, the most there is
