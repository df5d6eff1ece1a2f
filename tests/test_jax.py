"""Networks and trainings agree between Keras' backends JAX and TensorFlow.

JAX runs in a process of its own, since Keras' backend is fixed at import.
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
    """Calls a function in a process in which Keras' backend is JAX."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KERAS_BACKEND", "jax")
            patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")  # which take most of the time
            assert process.submit(keras.config.backend).result() == "jax"  # which starts it
        yield lambda function, *arguments: process.submit(function, *arguments).result()


def colors_of(folder: Path) -> np.ndarray:
    """The ab that a saved model predicts for some scenes."""
    model = load_model(folder)
    data = examples(folder / keras.config.backend(), 2)
    inputs = data.inputs(slice(None))
    return predict_batch(model, inputs if takes_embedding(model) else inputs[:1])


# Together they have every kind of layer: fused normalization, dropout, a repeated embedding, a gray
# channel repeated or convolved, depthwise convolutions, bilinear upsampling, vividness.
@pytest.mark.parametrize(
    "variant",
    [
        "spatial_dropout",
        pytest.param("vgg16_conv", marks=pytest.mark.soak),
        pytest.param("mobilenet_unet", marks=pytest.mark.soak),
    ],
)
def test_a_model_predicts_the_same_colors(on_jax: OnJax, tmp_path: Path, variant: str) -> None:
    model = model_of(variant)
    save_architecture(model, tmp_path)
    model.save_weights(tmp_path / "model.weights.h5")
    expected = colors_of(tmp_path)
    np.testing.assert_allclose(on_jax(colors_of, tmp_path), expected, atol=1e-4)
    assert np.ptp(expected) > 0.01


def small_model() -> keras.Model:
    """With the normalization that is a kernel of TensorFlow's own; see `normalization`."""
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((1000,), name="embedding")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(L)
    x = FusedBatchNormalization(momentum=0.5)(
        x + layers.Dense(8, use_bias=False)(embedding)[:, None, None]
    )
    ab = layers.Conv2D(2, 3, padding="same", activation="tanh")(layers.ReLU()(x))
    return keras.Model([L, embedding], ab)


def train(folder: Path, initial: Path, *runs: int) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Train from initial weights, in consecutive runs up to so many epochs."""
    folder.mkdir()
    os.chdir(folder)  # DVCLive looks for a repository around the current folder
    data = examples(folder / "train", 8), examples(folder / "validation", 4, first_seed=100)
    for epochs in runs:
        changes = {"epochs": epochs, "batch_size": 4, "num_val_images": 2, "devices": "one"}
        settings = PARAMS.train.model_copy(update=changes)
        with strategy(settings.devices).scope():
            network = network_of(small_model())
        network.model.load_weights(initial)
        out = folder / str(epochs)
        out.mkdir(exist_ok=True)
        checkpoints = Checkpoints(folder / "checkpoints", "identity")
        fitting.fit(network, MSE, *data, settings, 1, out, checkpoints)
    return pd.read_csv(out / "history.csv"), network.model.get_weights()


@pytest.fixture(scope="module")
def initial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of initial weights; backends draw different ones from the same seed."""
    keras.utils.set_random_seed(1)
    path = tmp_path_factory.mktemp("initial") / "initial.weights.h5"
    small_model().save_weights(path)
    return path


Trained = tuple[pd.DataFrame, list[np.ndarray]]


@pytest.fixture(scope="module")
def trained(on_jax: OnJax, initial: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A training on JAX."""
    return on_jax(train, tmp_path_factory.mktemp("jax") / "trained", initial, 3)


def test_a_training_has_the_same_history_and_weights(
    trained: Trained, initial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expected, weights = train(tmp_path / "tensorflow", initial, 3)
    history, others = trained
    np.testing.assert_allclose(history, expected, rtol=1e-3)
    for weight, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(other, weight, atol=1e-4)
    assert history["val_mse"].iloc[-1] < history["val_mse"].iloc[0]


def test_an_interrupted_training_resumes_to_the_same_bits(
    on_jax: OnJax, trained: Trained, initial: Path, tmp_path: Path
) -> None:
    whole, weights = trained
    resumed, others = on_jax(train, tmp_path / "resumed", initial, 1, 3)
    pd.testing.assert_frame_equal(resumed, whole)
    for weight, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(other, weight)


def all_devices() -> str:
    with pytest.raises(ColorizationError) as error:
        strategy("all")
    return str(error.value)


def test_all_devices_are_refused_in_one_line(on_jax: OnJax) -> None:
    assert on_jax(all_devices) == (
        "params.yaml: train.devices: all requires TensorFlow, but KERAS_BACKEND is jax; "
        "set it to one"
    )


def test_gpus_are_found_and_other_makers_have_no_compute_capability(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    devices = [
        SimpleNamespace(platform="gpu", device_kind="Abacus", compute_capability="9.0"),
        SimpleNamespace(platform="gpu", device_kind="Soroban", compute_capability="gfx90a"),
        SimpleNamespace(platform="cpu", device_kind="cpu"),
    ]
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    monkeypatch.setattr(jax, "local_devices", lambda: devices)
    assert find_gpus() == [Gpu("Abacus", (9, 0)), Gpu("Soroban", (0, 0))]
    assert device_names("one") == ["Abacus"]
