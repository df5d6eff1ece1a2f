"""Training a variant on the cached arrays."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from dvclive import Live
from keras.optimizers import Adam
from keras.optimizers.schedules import ExponentialDecay

from colorization import lab, metrics
from colorization.errors import ColorizationError
from colorization.examples import Examples, predict
from colorization.models.directory import save_architecture
from colorization.params import Train
from colorization.snapshots import Done, Row, Snapshots

PICTURES = 4  # colorized validation images that DVCLive keeps


class Batches(keras.utils.PyDataset):
    """Batches of float32 arrays, read from the memory-mapped ones as they are needed.

    Parameters
    ----------
    examples : Examples
    batch_size : int
    seed : int or None
        Shuffles each epoch in an order of its own, from seed and epoch; None keeps the order.
    flip : bool
        Mirror half of the images, drawn anew in each epoch. The embedding stays that of the
        unmirrored image.
    epoch : int
        The epoch to begin with, from 0.
    devices : int
        That share each batch: what no device would share of an epoch is left out.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        seed: int | None = None,
        flip: bool = False,
        epoch: int = 0,
        devices: int = 1,
    ) -> None:
        super().__init__()
        self._examples = examples
        self._batch_size = batch_size
        self._devices = devices
        self._seed = seed
        self._flip = flip
        self._start_epoch(epoch)

    def _start_epoch(self, epoch: int) -> None:
        count = len(self._examples)
        self._epoch = epoch
        self._order = np.arange(count)
        self._mirrored = np.zeros(count, dtype=bool)
        if self._seed is not None:
            rng = np.random.default_rng([self._seed, epoch])
            rng.shuffle(self._order)
            if self._flip:
                self._mirrored = rng.random(count) < 0.5
        self._order = self._order[: count - count % self._devices]

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order."""
        self._start_epoch(self._epoch + 1)

    def __len__(self) -> int:
        """Batches per epoch; the last one may be smaller."""
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        start = index * self._batch_size
        chosen = self._order[start : start + self._batch_size]
        L, *embeddings = self._examples.inputs(chosen)
        ab = self._examples.images.ab[chosen].astype(np.float32)
        mirrored = self._mirrored[chosen]
        L[mirrored] = L[mirrored, :, ::-1]
        ab[mirrored] = ab[mirrored, :, ::-1]
        return (L, *embeddings), ab


class Recorder(keras.callbacks.Callback):
    """Keeps the history, the best weights, what DVCLive shows, and a snapshot of it all.

    Parameters
    ----------
    model : keras.Model
        The one whose weights are kept. Another one over the same layers is trained, so that weight
        files stay free of Adam's state.
    folder : Path
        The model directory.
    validation : Examples
    params : Train
    snapshots : Snapshots
    done : Done
        Before the training was interrupted.
    """

    def __init__(
        self,
        model: keras.Model,
        folder: Path,
        validation: Examples,
        params: Train,
        snapshots: Snapshots,
        done: Done,
    ) -> None:
        super().__init__()
        self._kept = model
        self._evaluated = keras.Model(model.inputs, model.outputs)  # every image, on one device
        self._evaluated.compile(loss="mse", metrics=["mse"])
        self.rows = list(done.rows)
        self._started = time.perf_counter() - done.seconds
        self._snapshots = snapshots
        self._folder = folder
        self._params = params
        self._validation = Batches(validation, params.batch_size)
        self._monitored = validation.some(slice(params.monitor_images))
        self._live = Live(
            str(folder / "dvclive"),
            dvcyaml=None,
            save_dvc_exp=False,
            report=None,
            resume=bool(done.rows),
        )

    def seconds(self) -> float:
        """Time spent on all epochs so far."""
        return time.perf_counter() - self._started

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest validation MSE, from 1; of equals the first."""
        errors = [row["val_mse"] for row in self.rows]
        return errors.index(min(errors)) + 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Record the epoch; keep its weights if no earlier one validated better."""
        if not math.isfinite(logs["loss"]):
            raise ColorizationError(
                f"the loss is {logs['loss']} after epoch {epoch + 1}; lower train.learning_rate"
            )
        validated = self._evaluated.evaluate(self._validation, verbose=0, return_dict=True)
        logs["val_mse"] = validated["mse"]  # where Keras prints it from
        colorized = self._colorize()
        row: Row = {
            "epoch": epoch + 1,
            "train_mse": logs["mse"],
            "val_mse": logs["val_mse"],
            "val_psnr_rgb_db": self._mean(metrics.psnr_rgb_db, colorized),
            "val_ssim_rgb": self._mean(metrics.ssim_rgb, colorized),
            "learning_rate": float(self.model.optimizer.learning_rate),
            "objective": logs["loss"],
        }
        self.rows.append(row)
        if self.best_epoch == epoch + 1:
            self._kept.save_weights(self._folder / "model.weights.h5")
        self._live.step = epoch + 1
        for name, value in row.items():
            if name != "epoch":
                self._live.log_metric(name, value, timestamp=False)
        for index, rgb in enumerate(colorized[:PICTURES]):
            self._live.log_image(f"validation_{index}.png", rgb)
        self._live.make_summary()
        self._snapshots.save(self.model, Done(self.rows, self.seconds()), self._folder)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Keep the last weights beside the best ones."""
        self._kept.save_weights(self._folder / "last.weights.h5")
        self._live.end()

    def _colorize(self) -> list[np.ndarray]:
        predicted = predict(self._evaluated, self._monitored, self._params.batch_size)
        return [
            lab.lab_to_rgb(L, ab) for L, ab in zip(self._monitored.images.L, predicted, strict=True)
        ]

    def _mean(self, metric: Callable[..., float], colorized: list[np.ndarray]) -> float:
        truths = self._monitored.images.rgb
        scores = [metric(truth, rgb) for truth, rgb in zip(truths, colorized, strict=True)]
        return float(np.mean([value for value in scores if np.isfinite(value)] or [np.nan]))


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


def train(
    model: keras.Model,
    training: Examples,
    validation: Examples,
    params: Train,
    seed: int,
    folder: Path,
    snapshots: Snapshots,
) -> Outcome:
    """Train a model and write its directory; go on where an interrupted training was.

    The loss is the MSE over ab, plus whatever penalty the model's layers add. "mse", as recorded
    for training and validation and as it chooses the best epoch, is without the penalty.

    Parameters
    ----------
    model : keras.Model
        Trained by the strategy it was built under; see `devices.strategy`.
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
    devices = model.distribute_strategy.num_replicas_in_sync
    if params.batch_size % devices:
        raise ColorizationError(
            f"train.batch_size must be a multiple of {devices}, the number of devices; "
            f"found {params.batch_size}"
        )
    save_architecture(model, folder)
    schedule = ExponentialDecay(params.learning_rate, params.decay_steps, params.decay_rate)
    with model.distribute_strategy.scope():
        fitted = keras.Model(model.inputs, model.outputs)
        fitted.compile(optimizer=Adam(schedule), loss="mse", metrics=["mse"])
        done = snapshots.restore(fitted, folder)
    if done.rows:
        print(f"going on after epoch {len(done.rows)} of an interrupted training", flush=True)
    recorder = Recorder(model, folder, validation, params, snapshots, done)
    fitted.fit(
        Batches(training, params.batch_size, seed, params.flip, len(done.rows), devices),
        epochs=params.epochs,
        initial_epoch=len(done.rows),
        shuffle=False,  # Batches shuffles by itself, from the seed.
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[recorder],
    )
    pd.DataFrame(recorder.rows).to_csv(folder / "history.csv", index=False)
    return Outcome(
        recorder.best_epoch,
        images_per_second=len(training) * params.epochs / recorder.seconds(),
        earlier_seconds=done.seconds,
    )
