"""One training of the study: a variant from a seed, from the cached arrays to a model directory."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import keras

from colorization import architectures
from colorization.backbones.precision import choose_precision
from colorization.backbones.weights import Pretrained
from colorization.color.statistics import ColorStatistics
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder
from colorization.core.identity import identify
from colorization.core.settings import Encoders, Train
from colorization.dataset.examples import Examples, read_examples
from colorization.networks.architecture import Network, Variant, build_network, sees_embedding
from colorization.networks.encoders import load_encoder
from colorization.networks.record import TRAINING, TrainingRecord
from colorization.training.checkpoints import Checkpoints
from colorization.training.devices import device_names, strategy
from colorization.training.fitting import Outcome, colorful, fit


@dataclass(frozen=True)
class Inputs:
    """The files that a training reads.

    Attributes
    ----------
    arrays : Path
        The folder of the cached arrays, with a folder for each part of the split.
    embeddings : Path or None
        The folder of the embeddings; None for a variant that takes none.
    encoder : Pretrained or None
        The encoder that a variant sees through, as the stage `check` recorded it.
    encoders : Encoders
        The settings that say where the encoder's weights are.
    colors : Path or None
        The folder that the stage `colors` wrote; None for a variant that does not need it.
    """

    arrays: Path
    embeddings: Path | None
    encoder: Pretrained | None
    encoders: Encoders
    colors: Path | None = None

    def embedding(self) -> Pretrained | None:
        """The network whose logits serve as embeddings."""
        return Pretrained.read(self.embeddings / "identity.json") if self.embeddings else None

    def examples(self, part: str) -> Examples:
        """Read one part of the split."""
        return read_examples(self.arrays, self.embeddings, part)

    def files(self) -> list[Path]:
        """Every file of data that the training reads."""
        folders = [self.arrays / "train", self.arrays / "validation", self.embeddings, self.colors]
        return sorted(file for folder in folders if folder for file in folder.iterdir())


@dataclass(frozen=True)
class Trained:
    """The result of a training, beside its directory.

    Attributes
    ----------
    outcome : Outcome
    devices : list of str
    """

    outcome: Outcome
    devices: list[str]


def train_variant(
    name: str,
    seed: int,
    settings: Train,
    inputs: Inputs,
    out: Path,
    unfinished: Path,
    memory: Path,
) -> Trained:
    """Train a variant, and write its model directory.

    Parameters
    ----------
    name : str
        Name of the variant.
    seed : int
    settings : Train
    inputs : Inputs
    out : Path
        The model directory.
    unfinished : Path
        A folder for checkpoints, from which an interrupted training continues.
    memory : Path
        See `hashing.sha256_of_files`.

    Raises
    ------
    ColorizationError
        If the inputs do not suit the variant, weights are missing, or the training diverges.
    """
    variant = architectures.load(name)
    colors = ColorStatistics.read(inputs.colors) if inputs.colors else None
    if variant.needs_colors != (colors is not None):
        right = "classification" if variant.needs_colors else "with_embedding or without_embedding"
        raise ColorizationError(f"params.yaml: {name} belongs into study.{right}")
    objective = variant.learns(colors)
    precision = choose_precision(settings.precision, float16=True)
    devices = device_names(settings.devices)
    with strategy(settings.devices).scope():
        network = build_network(name, variant, seed, precision, colors)
    _check_sight(name, variant, network, inputs)
    embedding = inputs.embedding()
    # Fewer images get more epochs: the steps are as many as with all, so only the images differ.
    settings = settings.model_copy(update={"epochs": settings.epochs * variant.one_in})
    training = inputs.examples("train").subset(slice(None, None, variant.one_in))
    used = encoder = None
    if isinstance(settings, Classification):
        used = colorful(training, settings.min_chroma)
        encoder = _encoder_to_train(network, variant, settings)
    told = {
        "variant": name,
        "seed": seed,
        "objective": objective.name,
        "precision": precision,
        "pretrained": [
            known.model_dump() if known else None for known in (embedding, inputs.encoder)
        ],
        "train": settings.model_dump(),
        "one_in": variant.one_in,
    }
    identity = identify({**told, "devices": devices}, inputs.files(), memory)
    checkpoints = Checkpoints(unfinished, identity)
    with atomic_folder(out) as folder:
        if inputs.embeddings:
            shutil.copyfile(inputs.embeddings / "normalization.npy", folder / "embedding.npy")
        if variant.encoder:
            load_encoder(network.model, variant.encoder, inputs.encoders.weights(variant.encoder))
        outcome = fit(
            network,
            objective,
            training,
            inputs.examples("validation"),
            settings,
            seed,
            folder,
            checkpoints,
            used,
            encoder,
        )
        record = TrainingRecord(
            variant=name,
            seed=seed,
            objective=objective.name,
            precision=precision,
            embedding=embedding,
            encoder=inputs.encoder,
            train=settings,
            one_in=variant.one_in,
            training_images=len(training) if used is None else len(used),
            image_size=training.images.L.shape[1],
            parameters=network.model.count_params(),
            best_epoch=outcome.best_epoch,
        )
        record.write(folder / TRAINING)
    checkpoints.discard()
    return Trained(outcome, devices)


def _encoder_to_train(
    network: Network, variant: Variant, settings: Classification
) -> keras.Model | None:
    """Make the whole encoder trainable and return it; None if it stays fixed."""
    if variant.encoder is None or not settings.encoder_lr_multiplier:
        return None
    encoder = network.model.get_layer(variant.encoder)
    for layer in encoder.layers:
        layer.trainable = True
    return encoder


def _check_sight(name: str, variant: Variant, network: Network, inputs: Inputs) -> None:
    """Raise an error if the inputs are not those that the variant sees."""
    list_alone = "classification" if variant.needs_colors else "without_embedding"
    if sees_embedding(network.model) != bool(inputs.embeddings):
        right = "with_embedding" if inputs.embeddings is None else list_alone
        raise ColorizationError(f"params.yaml: {name} belongs into study.{right}")
    given = inputs.encoder.network if inputs.encoder else None
    if given != variant.encoder:
        raise ColorizationError(
            f"params.yaml: study.{list_alone}.{name} must be {variant.encoder or 'none'}; "
            f"found {given or 'none'}"
        )
