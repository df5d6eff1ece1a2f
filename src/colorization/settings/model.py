"""`model`: the variant that `dvc repro` trains."""

from colorization.core.parameters import Section
from colorization.core.records import NotEmpty


class Model(Section):
    """`model`: the variant that `dvc repro` trains."""

    variant: NotEmpty
