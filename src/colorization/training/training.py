"""Trains a variant from a seed: from the cached arrays to a model directory."""

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from colorization.backbones.precision import choose_precision
from colorization.color.statistics import ColorStatistics
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder
from colorization.core.identity import identify
from colorization.core.model_records import TRAINING, TrainingRecord
from colorization.core.settings import Encoders, Train
from colorization.dataset.examples import Examples, read_examples
from colorization.networks import catalog
from colorization.networks.architecture import Architecture, Network, build_network
from colorization.networks.encoders import load_encoder
from colorization.networks.inputs import VariantInputs
from colorization.networks.saving import TRAINING_IMAGES
from colorization.training.checkpoints import Checkpoints
from colorization.training.devices import device_names, strategy
from colorization.training.fitting import Outcome, fit


@dataclass(frozen=True)
class Data:
    """The data of a training.

    Attributes
    ----------
    arrays : Path
        The folder of the cached arrays, with a subfolder for each split.
    colors : Path
        The output of the stage `colors`.
    inputs : VariantInputs
    """

    arrays: Path
    colors: Path
    inputs: VariantInputs

    def examples(self, split: str) -> Examples:
        """Read one split."""
        return read_examples(self.arrays, self.inputs.embeddings, split)

    def files(self) -> list[Path]:
        """List every file that the training reads."""
        folders = [self.arrays / "train", self.arrays / "validation", self.colors]
        if self.inputs.embeddings:
            folders.append(self.inputs.embeddings)
        return sorted(file for folder in folders for file in folder.iterdir())


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training, beside its model directory.

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
    encoders: Encoders,
    data: Data,
    out: Path,
    checkpoint_dir: Path,
    hash_cache: Path,
) -> TrainingResult:
    """Train a variant, and write its model directory.

    Parameters
    ----------
    name : str
        Name of the variant.
    seed : int
    settings : Train
        The section of params.yaml, without the variant's overrides.
    encoders : Encoders
        The section of params.yaml.
    data : Data
    out : Path
        The model directory.
    checkpoint_dir : Path
        The folder of the checkpoints from which an interrupted training resumes.
    hash_cache : Path
        See `hashing.sha256_of_files`.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ColorizationError
        If weights are missing or the training diverges. The message names the line for a setting
        that it overrides.
    """
    line = data.inputs.line
    architecture = catalog.load(line.network)
    settings = settings.override(line.train, name)
    # A fraction of the images is trained on for as many steps as all of them.
    epochs = round(settings.epochs / settings.fraction)
    settings = settings.model_copy(update={"epochs": epochs})
    with _naming_overrides(name, line.train):
        colors = ColorStatistics.read(data.colors)
        objective = architecture.objective_for(colors)
        precision = choose_precision(settings.precision, float16=True)
        devices = device_names(settings.devices)
        embedding, encoder = data.inputs.embedding(), data.inputs.encoder
        with strategy(settings.devices).scope():
            network = build_network(
                name,
                architecture,
                seed,
                precision,
                colors,
                embedding=embedding is not None,
            )
        training = data.examples("train")
        indices = choose_images(training, settings)
        configuration = {
            "variant": name,
            "line": line.model_dump(),
            "seed": seed,
            "precision": precision,
            "embedding": embedding.model_dump() if embedding else None,
            "encoder": encoder.model_dump() if encoder else None,
            "train": settings.model_dump(),
            "devices": devices,
        }
        checkpoints = Checkpoints(checkpoint_dir, identify(configuration, data.files(), hash_cache))
        with atomic_folder(out) as folder:
            if data.inputs.embeddings:
                normalization = data.inputs.embeddings / "normalization.npy"
                shutil.copyfile(normalization, folder / "embedding.npy")
            if encoder:
                load_encoder(network.model, encoder.network, encoders.weights(encoder.network))
            outcome = fit(
                network,
                objective,
                training,
                data.examples("validation"),
                settings,
                seed,
                folder,
                checkpoints,
                indices,
                _encoder_to_train(network, architecture, settings),
            )
            np.save(folder / TRAINING_IMAGES, indices)
            record = TrainingRecord(
                variant=name,
                network=line.network,
                seed=seed,
                objective=objective.name,
                precision=precision,
                embedding=embedding,
                encoder=encoder,
                train=settings,
                training_images=len(indices),
                image_size=training.images.L.shape[1],
                parameters=network.model.count_params(),
                best_epoch=outcome.best_epoch,
            )
            record.write(folder / TRAINING)
        checkpoints.discard()
        return TrainingResult(outcome, devices)


@contextmanager
def _naming_overrides(variant: str, overrides: Collection[str]) -> Iterator[None]:
    """Let errors on a setting of `train` name the variant's line if that overrides it."""
    try:
        yield
    except ColorizationError as error:
        message = re.sub(
            r"(?<![\w.])train\.(\w+)",
            lambda key: f"variants.{variant}.{key[0]}" if key[1] in overrides else key[0],
            str(error),
        )
        raise ColorizationError(message) from error


def choose_images(examples: Examples, settings: Train) -> np.ndarray:
    """Choose the images to train on: an evenly spaced fraction, without those of low chroma.

    Returns
    -------
    (K,) int array
        Their indices.

    Raises
    ------
    ColorizationError
        If no image reaches `min_chroma`.
    """
    # The tolerance keeps the rounding of products and quotients from adding an image.
    count = int(np.ceil(len(examples) * settings.fraction - 1e-6))
    indices = np.floor(np.arange(count) / settings.fraction + 1e-6).astype(int)
    if not settings.min_chroma:
        return indices
    chroma = examples.images.mean_chroma()[indices]
    colorful = chroma >= settings.min_chroma
    if not colorful.any():
        raise ColorizationError(
            f"train.min_chroma: no training image has a mean chroma of at least "
            f"{settings.min_chroma:g}; the largest is {chroma.max():.3g}"
        )
    return indices[colorful]


def _encoder_to_train(
    network: Network, architecture: Architecture, settings: Train
) -> keras.Model | None:
    """Make an encoder trainable and return it, or None if `encoder_lr_multiplier` is 0."""
    if architecture.encoder is None or not settings.encoder_lr_multiplier:
        return None
    encoder = network.model.get_layer(architecture.encoder)
    for layer in encoder.layers:
        layer.trainable = not layer.name.startswith(architecture.frozen)
    return encoder
