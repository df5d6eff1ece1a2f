"""Train a network on examples and write its model directory."""

import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.settings import Train
from colorization.core.tables import write_table
from colorization.dataset.examples import Examples
from colorization.networks.architecture import Network
from colorization.networks.objective import Objective
from colorization.networks.saving import save_architecture
from colorization.networks.vividness import AdjustableModel
from colorization.training.calibration import calibrate_vividness
from colorization.training.checkpoints import Checkpoints
from colorization.training.devices import strategy_of
from colorization.training.input_pipeline import Batches, feed
from colorization.training.logger import TrainingLogger
from colorization.training.optimizer import build_optimizer


@dataclass(frozen=True)
class Outcome:
    """The result of a training, beside its files.

    Attributes
    ----------
    best_epoch : int
        The epoch whose weights the model keeps, from 1.
    images_per_second : float
        Training images per second, over the time of all epochs with their validation.
    earlier_seconds : float
        The part of that time that was spent before the training was interrupted.
    """

    best_epoch: int
    images_per_second: float
    earlier_seconds: float


def fit(
    network: Network,
    objective: Objective,
    training: Examples,
    validation: Examples,
    params: Train,
    seed: int,
    folder: Path,
    checkpoints: Checkpoints,
    used: np.ndarray,
    encoder: keras.Model | None = None,
) -> Outcome:
    """Train a network and write its directory; continue an interrupted training.

    The training minimizes the objective's loss plus any penalties of the layers. The best epoch is
    the one with the lowest loss, without penalties, on the validation images. The "mse" that is
    recorded for validation images is that of ab, and for training images that of the objective's
    `squared_error`.

    Parameters
    ----------
    network : Network
        Trained by the strategy it was built under; see `devices.strategy`.
    objective : Objective
    training, validation : Examples
    params : Train
    seed : int
        Determines the order of the images.
    folder : Path
        Receives architecture, best and last weights, history and DVCLive's files.
    checkpoints : Checkpoints
        The caller discards them once the folder is in its place.
    used : (K,) int array
        Indices of the training images to use.
    encoder : keras.Model, optional
        The part of the network that is trained at a rate of its own; see `build_optimizer`.

    Returns
    -------
    Outcome
    """
    model, fitted = network.model, network.training_model
    strategy = strategy_of(model)
    devices = strategy.num_replicas_in_sync
    if params.batch_size % devices:
        raise ColorizationError(
            f"train.batch_size must be a multiple of {devices}, the number of "
            f"devices; found {params.batch_size}"
        )
    save_architecture(model, folder)
    batches = Batches(
        training,
        objective.target,
        params.batch_size,
        params.epochs,
        seed,
        used=used,
        flip=params.flip,
        devices=devices,
    )
    with strategy.scope():
        fitted.compile(
            optimizer=build_optimizer(params, batches.per_epoch * params.epochs, encoder),
            loss=objective.loss,
            metrics=[keras.metrics.MeanMetricWrapper(objective.squared_error, name="mse")],
        )
        done = checkpoints.restore(fitted, folder)
    if done.rows:
        print(f"resuming after epoch {len(done.rows)} from the checkpoint", flush=True)
    logger = TrainingLogger(network, objective, folder, validation, params, checkpoints, done)
    batches.go_on_after(len(done.rows))
    if len(batches):  # none if it was interrupted after its last epoch
        fitted.fit(
            feed(batches),
            epochs=params.epochs,
            initial_epoch=len(done.rows),
            steps_per_epoch=batches.per_epoch,
            shuffle=False,  # Batches shuffles by itself, from the seed.
            verbose=1 if sys.stdout.isatty() else 2,
            callbacks=[logger],
        )
    seconds = logger.finish()
    write_table(pd.DataFrame(logger.rows), folder / "history.csv")
    if adjustable := AdjustableModel.of(model):
        model.load_weights(folder / "model.weights.h5")
        calibrate_vividness(adjustable, validation)
        model.save_weights(folder / "model.weights.h5")
    return Outcome(
        logger.best_epoch,
        images_per_second=batches.images * params.epochs / seconds,
        earlier_seconds=done.seconds,
    )
