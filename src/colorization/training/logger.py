"""Validates, records and saves a training after each epoch."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from dvclive import Live
from keras import ops

from colorization.color import lab, similarity
from colorization.core.errors import ColorizationError
from colorization.core.settings import Train
from colorization.dataset.examples import Examples, predict_batch
from colorization.networks.architecture import Network
from colorization.networks.objective import Objective
from colorization.networks.saving import BEST, LAST
from colorization.training.checkpoints import Checkpoints, Row, TrainingState

LOGGED_IMAGES = 4  # colorized validation images, by DVCLive


class TrainingLogger(keras.callbacks.Callback):
    """Saves history, best weights, DVCLive's logs and a checkpoint after each epoch.

    Parameters
    ----------
    network : Network
        Its `training_model` is trained; the weights of its `model` are saved, without the
        optimizer's state.
    objective : Objective
    folder : Path
        The model directory.
    validation : Examples
    params : Train
    checkpoints : Checkpoints
    state : TrainingState
        The epochs before an interruption.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        folder: Path,
        validation: Examples,
        params: Train,
        checkpoints: Checkpoints,
        state: TrainingState,
    ) -> None:
        super().__init__()
        self._saved_model = network.model
        self._objective = objective
        # Validation runs on one device.
        self._validation_model = keras.Model(
            network.model.inputs, [network.model.output, network.training_model.output]
        )
        self.rows = list(state.rows)
        self._started = time.perf_counter() - state.seconds
        self._checkpoints = checkpoints
        self._folder = folder
        self._params = params
        self._validation = validation
        self._live = Live(
            str(folder / "dvclive"),
            dvcyaml=None,
            save_dvc_exp=False,
            report=None,
            resume=bool(state.rows),
        )

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest validation loss, from 1; the first one of equals."""
        errors = [row["val_loss"] for row in self.rows]
        return errors.index(min(errors)) + 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Record the epoch; keep its weights if its validation loss is the lowest so far."""
        when = f"after epoch {epoch + 1}; lower train.learning_rate"
        if not math.isfinite(logs["loss"]):
            raise ColorizationError(f"the loss is {logs['loss']} {when}")
        # The loss was computed before the last step, after which weights may have become infinite.
        if count := _count_not_finite(self._saved_model):
            raise ColorizationError(f"{count} weights are not finite {when}")
        scores, colorized = self._validate()
        logs |= scores  # Keras prints the logs
        if not math.isfinite(logs["val_mse"]):
            raise ColorizationError(f"the validation MSE is {logs['val_mse']} {when}")
        if not math.isfinite(logs["val_loss"]):
            raise ColorizationError(f"the validation loss is {logs['val_loss']} {when}")
        row: Row = {
            "epoch": epoch + 1,
            "train_mse": logs["mse"],
            "val_mse": logs["val_mse"],
            "val_loss": logs["val_loss"],
            "val_psnr_rgb_db": self._mean(similarity.psnr_rgb_db, colorized),
            "val_ssim_rgb": self._mean(similarity.ssim_rgb, colorized),
            "learning_rate": float(self.model.optimizer.learning_rate),
            "train_loss": logs["loss"],  # with the layers' penalties, in contrast to val_loss
        }
        self.rows.append(row)
        if self.best_epoch == epoch + 1:
            self._saved_model.save_weights(self._folder / BEST)
        self._live.step = epoch + 1
        for name, value in row.items():
            if name != "epoch":
                self._live.log_metric(name, value, timestamp=False)
        for index, rgb in enumerate(colorized[:LOGGED_IMAGES]):
            self._live.log_image(f"validation_{index}.png", rgb)
        self._live.make_summary()
        self._checkpoints.save(self.model, TrainingState(self.rows, self._seconds()), self._folder)

    def finish(self) -> float:
        """Save the last weights beside the best ones; return the time of all epochs, in seconds."""
        seconds = self._seconds()
        self._saved_model.save_weights(self._folder / LAST)
        self._live.end()
        return seconds

    def _seconds(self) -> float:
        return time.perf_counter() - self._started

    def _validate(self) -> tuple[dict[str, float], list[np.ndarray]]:
        """Compute MSE of ab and loss over the validation images; colorize the first ones."""
        errors: list[float] = []
        losses: list[float] = []
        colorized: list[np.ndarray] = []
        images, size = self._validation.images, self._params.batch_size
        for start in range(0, len(self._validation), size):
            batch = slice(start, start + size)
            predicted, output = predict_batch(
                self._validation_model, self._validation.inputs(batch)
            )
            truths = images.ab[batch].astype(np.float32)
            loss = self._objective.loss(
                ops.convert_to_tensor(self._objective.target(truths)), output
            )
            losses.append(float(ops.mean(loss)) * len(truths))
            for L, truth, ab in zip(images.L[batch], truths, predicted, strict=True):
                errors.append(np.mean((ab - truth) ** 2, dtype=np.float64))
                if len(colorized) < self._params.num_val_images:
                    colorized.append(lab.lab_to_rgb(L, ab))
        means = {"val_mse": np.mean(errors), "val_loss": np.sum(losses) / len(errors)}
        return {name: float(mean) for name, mean in means.items()}, colorized

    def _mean(self, metric: Callable[..., float], colorized: list[np.ndarray]) -> float:
        truths = self._validation.images.rgb[: len(colorized)]
        scores = [metric(truth, rgb) for truth, rgb in zip(truths, colorized, strict=True)]
        return float(np.mean([value for value in scores if np.isfinite(value)] or [np.nan]))


def _count_not_finite(model: keras.Model) -> int:
    """Count the weights, moving averages included, that are NaN or infinite."""
    weights = model.get_weights()
    return sum(values.size - np.count_nonzero(np.isfinite(values)) for values in weights)
