"""`train`: the training of the variants that predict ab."""

from typing import Annotated

from pydantic import Field

from colorization.settings.learning import Learning

Steps = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Train(Learning):
    """`train`: the training of the variants that predict ab."""

    decay_steps: Steps
    decay_rate: Annotated[float, Field(gt=0, le=1)]
