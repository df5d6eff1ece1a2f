"""Trains a network on examples and writes its model directory."""

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
from colorization.networks.saving import BEST, save_architecture
from colorization.networks.vividness import AdjustableModel
from colorization.training.calibration import calibrate_vividness
from colorization.training.checkpoints import Checkpoints
from colorization.training.devices import strategy_of
from colorization.training.input_pipeline import Batches, as_dataset
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
        Training images per second, over the time of all epochs including validation.
    earlier_seconds : float
        The part of that time before an interruption.
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
    indices: np.ndarray | None = None,
    encoder: keras.Model | None = None,
) -> Outcome:
    """Train a network and write its directory; resume an interrupted training.

    The training minimizes the objective's loss plus the layers' penalties. The best epoch is the
    one with the lowest validation loss, without penalties. The recorded MSE is that of ab for
    validation images, and the objective's `squared_error` for training images.

    Parameters
    ----------
    network : Network
        Built under the strategy to train it with; see `devices.strategy`.
    objective : Objective
    training, validation : Examples
    params : Train
    seed : int
        Of the order of the images.
    folder : Path
        For architecture, best and last weights, history and DVCLive's files.
    checkpoints : Checkpoints
        To be discarded by the caller once the folder is complete.
    indices : (K,) int array, optional
        The training images to use; all by default.
    encoder : keras.Model, optional
        The part of the network with its own learning rate; see `build_optimizer`.

    Returns
    -------
    Outcome

    Raises
    ------
    ColorizationError
        If the batch size is not a multiple of the number of devices, or the training diverges.
    """
    model, training_model = network.model, network.training_model
    strategy = strategy_of(model)
    devices = strategy.num_replicas_in_sync
    if params.batch_size % devices:
        raise ColorizationError(
            f"train.batch_size must be a multiple of {devices}, the number of devices; "
            f"found {params.batch_size}"
        )
    batches = Batches(
        training,
        objective.target,
        params.batch_size,
        params.epochs,
        seed,
        indices=indices,
        flip=params.flip,
        crop=params.crop,
        aged=params.aged,
        devices=devices,
    )
    if not batches.images:
        images = len(training) if indices is None else len(indices)
        raise ColorizationError(
            f"train.devices: {devices} devices, but only {images} images to train on"
        )
    save_architecture(model, folder)
    with strategy.scope():
        training_model.compile(
            optimizer=build_optimizer(params, batches.per_epoch * params.epochs, encoder),
            loss=objective.loss,
            metrics=[keras.metrics.MeanMetricWrapper(objective.squared_error, name="mse")],
        )
        state = checkpoints.restore(training_model, folder)
    if state.rows:
        print(f"resuming from the checkpoint of epoch {len(state.rows)}", flush=True)
    logger = TrainingLogger(network, objective, folder, validation, params, checkpoints, state)
    batches.skip_epochs(len(state.rows))
    if len(batches):  # none left if the last epoch was complete
        training_model.fit(
            as_dataset(batches),
            epochs=params.epochs,
            initial_epoch=len(state.rows),
            steps_per_epoch=batches.per_epoch,
            shuffle=False,  # Batches does
            verbose=1 if sys.stdout.isatty() else 2,
            callbacks=[logger],
        )
    seconds = logger.finish()
    write_table(pd.DataFrame(logger.rows), folder / "history.csv")
    if adjustable := AdjustableModel.of(model):
        model.load_weights(folder / BEST)
        calibrate_vividness(adjustable, validation)
        model.save_weights(folder / BEST)
    return Outcome(
        logger.best_epoch,
        images_per_second=batches.images * params.epochs / seconds,
        earlier_seconds=state.seconds,
    )
