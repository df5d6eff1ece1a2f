"""Keras on JAX: networks, gradients and trainings are those of TensorFlow, a witness of each other.

What runs on JAX runs in a process of its own: Keras has one backend from its import on.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from colorization.backbones.gpus import Gpu, find_gpus
from colorization.core.errors import ColorizationError
from colorization.dataset.examples import predict_batch
from colorization.networks.architecture import takes_embedding
from colorization.networks.normalization import FusedBatchNormalization
from colorization.networks.objective import MSE
from colorization.networks.saving import load_model, save_architecture
from colorization.training import fitting
from colorization.training.checkpoints import Checkpoints
from colorization.training.devices import device_names, strategy
from samples import PARAMS, examples, model_of, network_of

OnJax = Callable[..., Any]


@pytest.fixture(scope="module")
def on_jax() -> Iterator[OnJax]:
    """Calls a function in another process, in which Keras' backend is JAX."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KERAS_BACKEND", "jax")
            patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")  # which take most of the time
            assert process.submit(keras.config.backend).result() == "jax"  # which starts it
        yield lambda function, *arguments: process.submit(function, *arguments).result()


def colors_of(folder: Path) -> np.ndarray:
    """The ab that a saved model gives for some scenes."""
    model = load_model(folder)
    data = examples(folder / keras.config.backend(), 2)
    inputs = data.inputs(slice(None))
    return predict_batch(model, inputs if takes_embedding(model) else inputs[:1])


# Between them they have every kind of layer: fused normalization, dropout, a repeated embedding, a
# gray channel repeated or convolved, depthwise convolutions, bilinear upsampling, the dial.
@pytest.mark.parametrize("variant", ["spatial_dropout", "vgg16_conv", "mobilenet_unet"])
def test_a_model_gives_the_same_colors(on_jax: OnJax, tmp_path: Path, variant: str) -> None:
    model = model_of(variant)
    save_architecture(model, tmp_path)
    model.save_weights(tmp_path / "model.weights.h5")
    expected = colors_of(tmp_path)
    np.testing.assert_allclose(on_jax(colors_of, tmp_path), expected, atol=1e-4)
    assert np.ptp(expected) > 0.01


def small_model() -> keras.Model:
    """A normalization has gradients of its own in TensorFlow's kernel; see `normalization`."""
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((1000,), name="embedding")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(L)
    x = FusedBatchNormalization(momentum=0.5)(
        x + layers.Dense(8, use_bias=False)(embedding)[:, None, None]
    )
    ab = layers.Conv2D(2, 3, padding="same", activation="tanh")(layers.ReLU()(x))
    return keras.Model([L, embedding], ab)


def train(folder: Path, begun: Path, *runs: int) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Train from the same weights, in one run after another up to so many epochs."""
    folder.mkdir()
    os.chdir(folder)  # DVCLive looks for a repository around the current folder
    data = examples(folder / "train", 8), examples(folder / "validation", 4, first_seed=100)
    for epochs in runs:
        changed = {"epochs": epochs, "batch_size": 4, "num_val_images": 2, "devices": "one"}
        settings = PARAMS.train.model_copy(update=changed)
        with strategy(settings.devices).scope():
            network = network_of(small_model())
        network.model.load_weights(begun)
        out = folder / str(epochs)
        out.mkdir(exist_ok=True)
        fitting.fit(network, MSE, *data, settings, 1, out, Checkpoints(folder / "kept", "identity"))
    return pd.read_csv(out / "history.csv"), network.model.get_weights()


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A file of initial weights; from one seed the backends would draw unlike ones."""
    keras.utils.set_random_seed(1)
    small_model().save_weights(tmp_path / "begun.weights.h5")
    return tmp_path / "begun.weights.h5"


def test_a_training_takes_the_same_course(
    on_jax: OnJax, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expected, weights = train(tmp_path / "tensorflow", begun, 3)
    found, others = on_jax(train, tmp_path / "jax", begun, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    for mine, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(other, mine, atol=1e-4)
    assert found["val_mse"].iloc[-1] < found["val_mse"].iloc[0]


def test_an_interrupted_training_goes_on_to_the_same_bits(
    on_jax: OnJax, begun: Path, tmp_path: Path
) -> None:
    whole, weights = on_jax(train, tmp_path / "whole", begun, 3)
    again, others = on_jax(train, tmp_path / "again", begun, 1, 3, 3)  # the end alone is missing
    pd.testing.assert_frame_equal(again, whole)
    for mine, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(other, mine)


def all_devices() -> str:
    with pytest.raises(ColorizationError) as error:
        strategy("all")
    return str(error.value)


def test_all_devices_are_refused_in_one_line(on_jax: OnJax) -> None:
    assert on_jax(all_devices) == (
        "params.yaml: devices: all needs TensorFlow, and KERAS_BACKEND is jax; set devices to one"
    )


def test_gpus_are_found_and_other_makers_have_no_compute_capability(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = [
        SimpleNamespace(platform="gpu", device_kind="Abacus", compute_capability="9.0"),
        SimpleNamespace(platform="gpu", device_kind="Soroban", compute_capability="gfx90a"),
        SimpleNamespace(platform="cpu", device_kind="cpu"),
    ]
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    monkeypatch.setattr(jax, "local_devices", lambda: told)
    assert find_gpus() == [Gpu("Abacus", (9, 0)), Gpu("Soroban", (0, 0))]
    assert device_names("one") == ["Abacus"]
