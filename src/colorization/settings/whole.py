"""Reads the whole of params.yaml, and checks that its sections agree with each other."""

from collections.abc import Collection, Iterator
from itertools import combinations
from pathlib import Path

from colorization.core.errors import ColorizationError
from colorization.core.parameters import Sections
from colorization.settings.color_bins import ColorBins
from colorization.settings.download import Download
from colorization.settings.embed import Embed
from colorization.settings.encoders import NO_ENCODER, Encoders
from colorization.settings.evaluate import Evaluate
from colorization.settings.model import Model
from colorization.settings.preprocess import Preprocess
from colorization.settings.split import Split
from colorization.settings.study import Study
from colorization.settings.train import Train


class Params(Sections):
    """The whole of params.yaml."""

    download: Download
    split: Split
    preprocess: Preprocess
    embed: Embed
    encoders: Encoders
    model: Model
    study: Study
    train: Train
    color_bins: ColorBins
    evaluate: Evaluate


def load_params(path: Path, known: Collection[str]) -> Params:
    """Read and validate a params file.

    Parameters
    ----------
    path : Path
    known : collection of str
        The names of all variants.

    Returns
    -------
    Params

    Raises
    ------
    ColorizationError
        As `Sections.load`; also if the study names a variant twice, an unknown variant or an
        unknown encoder, or if `model.variant` is a control or not in the study.
    """
    params = Params.load(path)
    if lines := [f"{path}: {line}" for line in _disagreements(params, known)]:
        raise ColorizationError("\n".join(lines))
    return params


def _disagreements(params: Params, known: Collection[str]) -> Iterator[str]:
    study = params.study
    alone = {"without_embedding": study.without_embedding, "color_bins": study.color_bins}
    lists = {"with_embedding": study.with_embedding, **alone, "controls": study.controls}
    for key, names in lists.items():
        for name in names:
            if name not in known:
                yield f"study.{key} must name variants ({', '.join(known)}); found {name!r}"
    for first, second in combinations(lists, 2):
        for name in lists[second]:
            if name in lists[first]:
                yield f"study.{second}: {name} stands in study.{first} too"
    choices = (NO_ENCODER, *Encoders.model_fields)
    for key, encoders in alone.items():
        for name, encoder in encoders.items():
            if encoder not in choices:
                wanted = ", ".join(choices)
                yield f"study.{key}.{name} must be one of {wanted}; found {encoder!r}"
    if params.model.variant not in study.of_the_pipeline():
        yield (
            f"model.variant must be one of the study's ({', '.join(study.of_the_pipeline())}); "
            f"found {params.model.variant!r}"
        )
