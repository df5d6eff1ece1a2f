"""`study`: all trainings that belong to the comparison."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from colorization.core.parameters import Section
from colorization.core.records import Seed, distinct

Control = Literal["random_network", "another_photograph"]  # whose embeddings a control sees


class Study(Section):
    """`study`: all trainings that belong to the comparison.

    Variants `with_embedding` see L and its ImageNet embedding. Those `without_embedding` see L
    alone, each through the encoder that it is mapped to: a key of `encoders`, or "none". So do
    those of `colour_bins`, which predict how likely each colour is. `controls` see embeddings that
    tell nothing of the photograph, of the kind that each is mapped to.
    """

    with_embedding: Annotated[tuple[str, ...], AfterValidator(distinct)]
    without_embedding: dict[str, str]
    colour_bins: dict[str, str]
    controls: dict[str, Control]
    seeds: Annotated[
        tuple[Seed, ...], Field(min_length=1, max_length=1000), AfterValidator(distinct)
    ]

    def variants(self) -> tuple[str, ...]:
        """All variants, in the study's order."""
        return (*self.of_the_pipeline(), *self.controls)

    def of_the_pipeline(self) -> tuple[str, ...]:
        """Those that `model.variant` may name: no controls, which colorize nothing."""
        return (*self.with_embedding, *self.encoders)

    @property
    def encoders(self) -> dict[str, str]:
        """The encoder of each variant that sees L alone."""
        return self.without_embedding | self.colour_bins

    def trainings(self) -> list[tuple[str, int]]:
        """Every variant and seed, in the study's order."""
        return [(variant, seed) for variant in self.variants() for seed in self.seeds]
