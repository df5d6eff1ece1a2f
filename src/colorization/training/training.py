"""One training of the study: a variant from a seed, from the cached arrays to a model directory."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from colorization import variants
from colorization.backbones.precision import choose_precision
from colorization.backbones.weights import Pretrained
from colorization.core.errors import ColorizationError
from colorization.core.files import whole_folder
from colorization.core.identity import identify
from colorization.dataset.examples import Examples, read_examples
from colorization.networks.variant import Network, Variant, build_network, sees_embedding
from colorization.networks.vgg import load_encoder
from colorization.settings.encoders import Encoders
from colorization.settings.train import Train
from colorization.training.devices import device_names, strategy
from colorization.training.fitting import Outcome, fit
from colorization.training.record import TRAINING, TrainingRecord
from colorization.training.snapshots import Snapshots


@dataclass(frozen=True)
class Inputs:
    """What a training reads.

    Attributes
    ----------
    arrays : Path
        The folder of the cached arrays, with one for each part of the split.
    embeddings : Path or None
        The folder of the embeddings; None for a variant that takes none.
    encoder : Pretrained or None
        The encoder that a variant sees through, as `check` found it.
    encoders : Encoders
        Where its weights are.
    """

    arrays: Path
    embeddings: Path | None
    encoder: Pretrained | None
    encoders: Encoders

    def embedding(self) -> Pretrained | None:
        """The network whose logits the embeddings are."""
        return Pretrained.read(self.embeddings / "identity.json") if self.embeddings else None

    def examples(self, part: str) -> Examples:
        """One part of the split."""
        return read_examples(self.arrays, self.embeddings, part)

    def files(self) -> list[Path]:
        """Every file of data that the training reads."""
        folders = [self.arrays / "train", self.arrays / "validation", self.embeddings]
        return sorted(file for folder in folders if folder for file in folder.iterdir())


@dataclass(frozen=True)
class Trained:
    """What a training came to, beside its directory.

    Attributes
    ----------
    outcome : Outcome
    devices : list of str
    """

    outcome: Outcome
    devices: list[str]


def train_variant(
    name: str, seed: int, settings: Train, inputs: Inputs, out: Path, unfinished: Path, memory: Path
) -> Trained:
    """Train a variant, and write its model directory.

    Parameters
    ----------
    name : str
        The variant's.
    seed : int
    settings : Train
    inputs : Inputs
    out : Path
        The model directory.
    unfinished : Path
        A folder for what an interrupted training goes on from.
    memory : Path
        See `hashing.sha256_of_files`.

    Raises
    ------
    ColorizationError
        If the variant does not see what it is given, weights cannot be had, or it diverges.
    """
    variant = variants.load(name)
    precision = choose_precision(settings.precision, float16=True)
    devices = device_names(settings.devices)
    with strategy(settings.devices).scope():
        network = build_network(name, variant, seed, precision)
    _check_sight(name, variant, network, inputs)
    embedding = inputs.embedding()
    # As many steps as all images give, so that only the images differ.
    settings = settings.model_copy(update={"epochs": settings.epochs * variant.one_in})
    training = inputs.examples("train").some(slice(None, None, variant.one_in))
    told = {
        "variant": name,
        "seed": seed,
        "objective": variant.objective.name,
        "precision": precision,
        "pretrained": [
            known.model_dump() if known else None for known in (embedding, inputs.encoder)
        ],
        "train": settings.model_dump(),
        "one_in": variant.one_in,
    }
    identity = identify({**told, "devices": devices}, inputs.files(), memory)
    snapshots = Snapshots(unfinished, identity)
    with whole_folder(out) as folder:
        if inputs.embeddings:
            shutil.copyfile(inputs.embeddings / "normalization.npy", folder / "embedding.npy")
        if variant.encoder:
            load_encoder(network.model, variant.encoder, inputs.encoders.weights(variant.encoder))
        outcome = fit(
            network,
            variant.objective,
            training,
            inputs.examples("validation"),
            settings,
            seed,
            folder,
            snapshots,
        )
        record = TrainingRecord(
            variant=name,
            seed=seed,
            objective=variant.objective.name,
            precision=precision,
            embedding=embedding,
            encoder=inputs.encoder,
            train=settings,
            one_in=variant.one_in,
            training_images=len(training),
            image_size=training.images.L.shape[1],
            parameters=network.model.count_params(),
            best_epoch=outcome.best_epoch,
        )
        record.write(folder / TRAINING)
    snapshots.discard()
    return Trained(outcome, devices)


def _check_sight(name: str, variant: Variant, network: Network, inputs: Inputs) -> None:
    """Refuse to train a variant on something else than it sees."""
    if sees_embedding(network.model) != bool(inputs.embeddings):
        right = "with_embedding" if inputs.embeddings is None else "without_embedding"
        raise ColorizationError(f"params.yaml: {name} belongs into study.{right}")
    given = inputs.encoder.network if inputs.encoder else None
    if given != variant.encoder:
        raise ColorizationError(
            f"params.yaml: study.without_embedding.{name} must be {variant.encoder or 'none'}; "
            f"found {given or 'none'}"
        )
