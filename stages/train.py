"""Stages `train`, `train_alone`, `train_bins`: cached arrays -> a variant, trained from a seed.

Variants of `train` take the embeddings. Variants of `train_alone` see L alone, some of them through
an encoder with weights of its own. Variants of `train_bins` see the same as those of `train_alone`,
but learn how likely each color is.
"""

from pathlib import Path

from _stage import Figures, run
from colorization.backbones.weights import Pretrained
from colorization.core.settings import NONE, Encoders, Train
from colorization.training.training import Inputs, train_variant


def main(
    params: Path,
    arrays_folder: Path,
    variant: str,
    seed: int,
    unfinished: Path,
    memory: Path,
    out: Path,
    embeddings: Path | None = None,
    encoder: Path | None = None,
    colors: Path | None = None,
) -> Figures:
    pretrained = Pretrained.read(encoder) if encoder else None
    if pretrained and pretrained.network == NONE:
        pretrained = None
    inputs = Inputs(arrays_folder, embeddings, pretrained, Encoders.load(params), colors)
    settings = Classification.load(params) if colors else Train.load(params)
    trained = train_variant(variant, seed, settings, inputs, out, unfinished / out.name, memory)
    return Figures(
        images_per_second=round(trained.outcome.images_per_second, 2),
        devices=tuple(trained.devices),
        earlier_seconds=trained.outcome.earlier_seconds,
    )


if __name__ == "__main__":
    run(main)
