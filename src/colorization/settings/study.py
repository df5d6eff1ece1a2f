"""`study`: all trainings of the comparison."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from colorization.core.parameters import Section
from colorization.core.records import Seed, distinct

Control = Literal["random_network", "another_photograph"]  # the source of a control's embeddings


class Study(Section):
    """`study`: all trainings of the comparison.

    Variants `with_embedding` see L and its ImageNet embedding. Variants `without_embedding` see L
    alone; each is mapped to its encoder, a key of `encoders` or "none". The variants of
    `color_bins` also see L alone and are mapped to encoders, but predict how likely each color
    is. `controls` see embeddings that tell nothing about the photograph; each control is mapped to
    the source of its embeddings.
    """

    with_embedding: Annotated[tuple[str, ...], AfterValidator(distinct)]
    without_embedding: dict[str, str]
    color_bins: dict[str, str]
    controls: dict[str, Control]
    seeds: Annotated[
        tuple[Seed, ...], Field(min_length=1, max_length=1000), AfterValidator(distinct)
    ]

    def variants(self) -> tuple[str, ...]:
        """All variants, in the study's order."""
        return (*self.of_the_pipeline(), *self.controls)

    def of_the_pipeline(self) -> tuple[str, ...]:
        """The variants that `model.variant` may name: all but controls, which colorize nothing."""
        return (*self.with_embedding, *self.encoders)

    @property
    def encoders(self) -> dict[str, str]:
        """The encoder of each variant that sees L alone."""
        return self.without_embedding | self.color_bins

    def trainings(self) -> list[tuple[str, int]]:
        """Every variant and seed, in the study's order."""
        return [(variant, seed) for variant in self.variants() for seed in self.seeds]
