"""Training on two devices agrees with training on one: logical CPUs, in separate processes."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

from colorization.core.errors import ColorizationError
from colorization.networks.normalization import FusedBatchNormalization
from colorization.networks.objective import MSE
from colorization.training import fitting
from colorization.training.checkpoints import Checkpoints
from colorization.training.devices import device_names, strategy
from samples import PARAMS, examples, network_of


@dataclass
class Trained:
    devices: list[str]
    weights: list[np.ndarray]
    history: pd.DataFrame


def small_model(*, normalized: bool) -> keras.Model:
    """If `normalized`, with layers whose states differ between devices."""
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((1000,), name="embedding")
    x = layers.Conv2D(8, 3, padding="same")(L) + layers.Dense(8)(embedding)[:, None, None]
    if normalized:
        x = layers.SpatialDropout2D(0.5)(FusedBatchNormalization()(x))
    ab = layers.Conv2D(2, 3, padding="same", activation="tanh")(layers.ReLU()(x))
    return keras.Model([L, embedding], ab)


def two_cpus() -> None:
    """Divide the processor in two, which is possible before TensorFlow starts alone."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, logical)


OnTwo = Callable[..., Any]


@pytest.fixture(scope="module")
def on_two() -> Iterator[OnTwo]:
    """Calls a function in a process with two logical CPUs."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=two_cpus) as process:
        yield lambda *call, **options: process.submit(*call, **options).result()


def train(
    folder: Path,
    *,
    normalized: bool = False,
    runs: tuple[int, ...] = (3,),
    batch_size: int = 4,
    images: int = 12,
) -> Trained:
    """Train on all logical CPUs, in consecutive runs up to so many epochs.

    Each run resumes from the checkpoint of the previous one.
    """
    folder.mkdir()
    os.chdir(folder)  # DVCLive looks for a repository around the current folder
    data = examples(folder / "train", images), examples(folder / "validation", 3, first_seed=100)
    for epochs in runs:
        settings = PARAMS.train.model_copy(
            update={
                "devices": "all",
                "epochs": epochs,
                "batch_size": batch_size,
                "num_val_images": 2,
            }
        )
        with strategy(settings.devices).scope():
            network = network_of(small_model(normalized=normalized))
        out = folder / str(epochs)
        out.mkdir(exist_ok=True)
        checkpoints = Checkpoints(folder / "checkpoints", "identity")
        fitting.fit(network, MSE, *data, settings, 1, out, checkpoints)
    history = pd.read_csv(out / "history.csv")
    return Trained(device_names(settings.devices), network.model.get_weights(), history)


def test_two_devices_train_the_same_weights_as_one(
    on_two: OnTwo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = train(tmp_path / "one"), on_two(train, tmp_path / "two")
    assert (one.devices, two.devices) == (["CPU"], ["CPU", "CPU"])
    for weights, expected in zip(two.weights, one.weights, strict=True):
        np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(two.history, one.history, rtol=1e-3)


@pytest.mark.soak
def test_an_interrupted_training_resumes_to_the_same_bits(on_two: OnTwo, tmp_path: Path) -> None:
    whole = on_two(train, tmp_path / "whole", normalized=True)
    resumed = on_two(train, tmp_path / "resumed", normalized=True, runs=(1, 3, 3))
    for weights, expected in zip(resumed.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(weights, expected)
    pd.testing.assert_frame_equal(resumed.history, whole.history)


def test_a_batch_size_that_is_no_multiple_of_the_devices_is_refused(
    on_two: OnTwo, tmp_path: Path
) -> None:
    with pytest.raises(
        ColorizationError, match=r"train.batch_size must be a multiple of 2, .*found 3"
    ):
        on_two(train, tmp_path / "a", batch_size=3)


def test_fewer_images_than_devices_are_refused(on_two: OnTwo, tmp_path: Path) -> None:
    with pytest.raises(
        ColorizationError, match=r"train.devices: 2 devices, but only 1 images to train on"
    ):
        on_two(train, tmp_path / "a", images=1)


def test_by_default_there_is_one_device_and_no_strategy() -> None:
    assert strategy("one") is tf.distribute.get_strategy()
    assert len(device_names("one")) == 1
