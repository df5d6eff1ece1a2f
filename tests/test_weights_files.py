"""Weights and architectures that cannot be loaded are refused in one line."""

import json
import os
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.legacy.saving import legacy_h5_format

from colorization.backbones.pretrained import load_weights
from colorization.backbones.weights import fingerprint_weights
from colorization.core.errors import ColorizationError
from colorization.networks.saving import load_model, save_architecture

WEIGHTS = "model.weights.h5"
PREFIX = ": not a model that can be loaded ("


def small_model() -> keras.Model:
    """A convolution with 20 weights."""
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    return keras.Model([L], layers.Conv2D(2, 3, padding="same", name="ab")(L))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The files of a model directory that are loaded."""
    folder = tmp_path / "model"
    folder.mkdir()
    model = small_model()
    save_architecture(model, folder)
    model.save_weights(folder / WEIGHTS)
    return folder


def refusal(directory: Path) -> str:
    with pytest.raises(ColorizationError) as caught:
        load_model(directory)
    message = str(caught.value)
    assert message.isprintable()
    return message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(directory: Path, value: float) -> None:
    model = small_model()
    model.layers[-1].bias.assign([0, value])
    model.save_weights(directory / WEIGHTS)
    assert refusal(directory) == (
        f"{directory}{PREFIX}1 of 20 numbers in model.weights.h5 are not finite)"
    )


@pytest.mark.parametrize(
    "architecture",
    {
        "empty": "",
        "a list": "[1, 2]",
        "a number": "7",
        "deeply nested": "[" * 100_000,
        "a layer": json.dumps(keras.saving.serialize_keras_object(layers.ReLU())),
        "escapes": small_model().to_json().replace('"Conv2D"', r'"Conv\u001b[31m2D"'),
        "no inputs": json.dumps({"class_name": "Sequential", "config": {}}),
    }.values(),
)
def test_a_file_that_describes_no_model_is_refused(directory: Path, architecture: str) -> None:
    (directory / "model.json").write_text(architecture)
    assert refusal(directory).startswith(f"{directory}{PREFIX}")


def test_code_in_an_architecture_is_not_run(directory: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    name = str(mark)
    L = keras.Input((None, None, 1), name="L")
    evil = layers.Lambda(lambda x: (os.system(f"touch {name}"), x)[1])  # noqa: S605
    architecture = keras.Model(L, evil(L)).to_json()
    mark.unlink(missing_ok=True)
    (directory / "model.json").write_text(architecture)
    assert refusal(directory).startswith(f"{directory}{PREFIX}")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["a.weights.h5", "a.h5"])
def test_pretrained_weights_that_are_not_finite_are_refused(tmp_path: Path, name: str) -> None:
    model, path = small_model(), tmp_path / name
    model.layers[-1].bias.assign([0, np.nan])
    if name == "a.h5":
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    else:
        model.save_weights(path)
    with pytest.raises(ColorizationError) as caught:
        load_weights(model, path, "encoders.vgg16", "vgg16")
    assert str(caught.value) == (
        f"encoders.vgg16: {path} does not contain weights of vgg16 "
        f"(1 of 20 numbers in {name} are not finite)"
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("pipe.h5", "which is not a file"),
        (".", "which is not a file"),
        ("none.h5", "which does not exist"),
        ("~nobody-of-that-name/a.h5", "which does not exist"),
    ],
)
def test_pretrained_weights_must_be_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.h5")
    with pytest.raises(ColorizationError) as caught:
        fingerprint_weights(name, "embed.weights", tmp_path / "hashes.json")
    assert str(caught.value) == (
        "embed.weights must be random, imagenet, or the path of a weights file; "
        f"found {name!r}, {problem}"
    )


def test_pretrained_weights_that_cannot_be_accessed_are_named(tmp_path: Path) -> None:
    weights = "a" * 300 + ".h5"
    with pytest.raises(ColorizationError) as caught:
        fingerprint_weights(weights, "encoders.vgg16", tmp_path / "hashes.json")
    assert str(caught.value) == (f"encoders.vgg16: cannot access {weights!r} (File name too long)")
