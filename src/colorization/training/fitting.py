"""Training a network on examples, and writing its directory."""

import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import pandas as pd
from keras.optimizers import Adam
from keras.optimizers.schedules import ExponentialDecay

from colorization.core.errors import ColorizationError
from colorization.dataset.examples import Examples
from colorization.dataset.tables import write_table
from colorization.networks.directory import save_architecture
from colorization.networks.objective import Objective
from colorization.networks.variant import Network
from colorization.settings.train import Train
from colorization.training.epochs import Recorder
from colorization.training.feeding import Batches, feed
from colorization.training.snapshots import Snapshots


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes
    ----------
    best_epoch : int
        The epoch whose weights are kept as the model's, from 1.
    images_per_second : float
        Training images over the time of all epochs, validation included.
    earlier_seconds : float
        Of that time, what was spent before the training was interrupted.
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
    snapshots: Snapshots,
) -> Outcome:
    """Train a network and write its directory; go on where an interrupted training was.

    What is minimized is the objective's loss, plus whatever penalty the layers add. "mse", as
    recorded for training and validation and as it chooses the best epoch, is that of ab.

    Parameters
    ----------
    network : Network
        Trained by the strategy it was built under; see `devices.strategy`.
    objective : Objective
    training, validation : Examples
    params : Train
    seed : int
        Of the order of the images.
    folder : Path
        Gets architecture, best and last weights, history and DVCLive's files.
    snapshots : Snapshots
        The caller discards them once the folder is in its place.

    Returns
    -------
    Outcome
    """
    model, fitted = network.model, network.learner
    devices = model.distribute_strategy.num_replicas_in_sync
    if params.batch_size % devices:
        raise ColorizationError(
            f"train.batch_size must be a multiple of {devices}, the number of devices; "
            f"found {params.batch_size}"
        )
    save_architecture(model, folder)
    schedule = ExponentialDecay(params.learning_rate, params.decay_steps, params.decay_rate)
    with model.distribute_strategy.scope():
        fitted.compile(
            optimizer=Adam(schedule),
            loss=objective.loss,
            metrics=[keras.metrics.MeanMetricWrapper(objective.squared_error, name="mse")],
        )
        done = snapshots.restore(fitted, folder)
    if done.rows:
        print(f"going on after epoch {len(done.rows)} of an interrupted training", flush=True)
    recorder = Recorder(model, folder, validation, params, snapshots, done)
    batches = Batches(
        training,
        objective.target,
        params.batch_size,
        params.epochs,
        seed,
        flip=params.flip,
        first_epoch=len(done.rows),
        devices=devices,
    )
    fitted.fit(
        feed(batches),
        epochs=params.epochs,
        initial_epoch=len(done.rows),
        steps_per_epoch=batches.per_epoch,
        shuffle=False,  # Batches shuffles by itself, from the seed.
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[recorder],
    )
    write_table(pd.DataFrame(recorder.rows), folder / "history.csv")
    return Outcome(
        recorder.best_epoch,
        images_per_second=len(training) * params.epochs / recorder.seconds(),
        earlier_seconds=done.seconds,
    )
