"""`split`: which photograph serves for what."""

from typing import Annotated

from pydantic import AfterValidator, Field

from colorization.core.parameters import Section
from colorization.core.records import Count, Fraction, Seed, mistake


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
    min_side: Count
    max_aspect: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    min_chroma: Annotated[float, Field(ge=0, allow_inf_nan=False)]
